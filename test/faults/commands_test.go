//go:build faults

package faults

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// command is a command of gpk that changes a cluster.
type command struct {
	name string
	// ready brings a whole cluster to where the command has something to do. Nil: it is there.
	ready func(*cluster) error
	args  func(*cluster) []string
	// noPreview: there is no --dry-run, so only an undisturbed run shows the steps.
	noPreview bool
	// noRows: there is no database before it, or no data after it.
	noRows bool
	// back brings the cluster to run again after it. Nil: it runs.
	back func(*cluster) error
	// newVolumes: it makes the volumes, or leaves none.
	newVolumes bool
	// bare: it can begin with a namespace that has no cluster.
	bare bool
	// wears: the cluster is another one afterwards, which only this command goes on with, so many times.
	wears int
}

func always(args ...string) func(*cluster) []string {
	return func(*cluster) []string { return args }
}

// does is a command of gpk that has to succeed.
func does(args ...string) func(*cluster) error {
	return func(c *cluster) error { return c.does(args...) }
}

func (c *cluster) does(args ...string) error {
	var r result
	// After a fault it may take a while before everything answers.
	err := within(90*time.Second, func() error {
		if r = c.gpk(args...); r.status != 0 {
			return fmt.Errorf("gpk %s: exit status %d: %s", strings.Join(args, " "), r.status, r.lastWords())
		}
		return nil
	})
	return err
}

func (c *cluster) create() []string { return []string{"create", "-f", c.file} }

func created(c *cluster) error { return c.does(c.create()...) }

// commands are all that change a cluster, those that leave it as it was first.
func commands() []command {
	deleteData := []string{"delete", "--cluster", name, "--delete-data", "--confirm", name}
	return []command{
		{name: "create", ready: does(deleteData...), args: (*cluster).create, bare: true, newVolumes: true, noRows: true},
		{name: "stop", args: always("stop"), back: does("start")},
		{name: "start", ready: does("stop"), args: always("start")},
		{name: "restart", args: always("restart")},
		{name: "failover", args: always("failover", "--force")},
		{name: "failover-segment", args: always("failover", "--segment", "0"), back: does("recover")},
		{name: "recover", ready: (*cluster).breakMirror, args: always("recover")},
		{name: "delete", args: always("delete", "--cluster", name), noPreview: true, back: created},
		{name: "delete-data", args: always(deleteData...), noPreview: true, newVolumes: true, noRows: true, back: created},
		{name: "config", ready: (*cluster).grow, args: func(c *cluster) []string {
			return []string{"config", "set", fmt.Sprintf("max_connections=%d", 200+c.change), "--restart"}
		}, wears: 30},
		{name: "resize", ready: (*cluster).grow, args: func(c *cluster) []string { return []string{"resize", "-f", c.file} }, wears: 30},
		{name: "upgrade", ready: (*cluster).oldRelease, args: always("upgrade", "--version", "7.2.0"), wears: 30},
		{name: "expand", ready: (*cluster).count, args: func(c *cluster) []string {
			return []string{"expand", "--segments", strconv.Itoa(c.primaries + 1)}
		}, wears: 3},
	}
}

func (c *cluster) grow() error {
	c.change++
	c.write()
	return nil
}

// oldRelease takes back the upgrade of an earlier case.
func (c *cluster) oldRelease() error { return c.does("upgrade", "--rollback") }

// count finds out how many segments there are.
func (c *cluster) count() error {
	s, err := c.status()
	c.primaries = 0
	for _, i := range s.Instances {
		if i.PreferredRole == "primary" {
			c.primaries++
		}
	}
	return err
}

// breakMirror kills the mirror of content 0, and has the database notice.
func (c *cluster) breakMirror() error {
	s, err := c.status()
	for _, i := range s.Instances {
		if err == nil && i.Content == 0 && i.Role == "mirror" {
			_, err = c.exec(c.ctx, i.Pod, `[ ! -e "$1/postmaster.pid" ] || { pid=$(head -n 1 "$1/postmaster.pid") && rm "$1/postmaster.pid" && kill -9 "$pid"; }`, i.Dir)
		}
	}
	if err != nil {
		return err
	}
	return within(time.Minute, func() error {
		_, err := c.sql("postgres", "select gp_request_fts_probe_scan()")
		if s, statusErr := c.status(); err == nil && statusErr == nil && len(s.Faults) == 0 {
			err = fmt.Errorf("the mirror of content 0 was killed, and is still called up")
		}
		return err
	})
}

// status is what gpk says of the cluster.
type status struct {
	Coordinator string
	Instances   []struct {
		Content             int
		Role, PreferredRole string
		Pod, Dir, Node      string
	}
	Faults []string
}

func (c *cluster) status() (s status, err error) {
	r := c.gpk("status", "-o", "json")
	if err := json.Unmarshal([]byte(r.stdout), &s); err != nil {
		return s, fmt.Errorf("gpk status: exit status %d: %s", r.status, r.lastWords())
	}
	return s, nil
}

// preview are the steps of a command that --dry-run does not call done.
func (c *cluster) preview(cmd command) (steps []string, err error) {
	if cmd.ready != nil {
		if err := cmd.ready(c); err != nil {
			return nil, err
		}
	}
	args := cmd.args(c)
	r := c.gpk(append(args, "--dry-run", "-o", "json")...)
	var list []struct{ Step, State string }
	if err := json.Unmarshal([]byte(r.stdout), &list); err != nil {
		return nil, fmt.Errorf("gpk %s --dry-run: exit status %d: %s", strings.Join(args, " "), r.status, r.lastWords())
	}
	for _, one := range list {
		if one.State != "done" {
			steps = append(steps, one.Step)
		}
	}
	return steps, nil
}
