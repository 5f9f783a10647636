//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestRestarts has pods restart, one, all, and a primary's after its mirror took over. No gpk runs meanwhile.
func TestRestarts(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 1, mirrors: true, standby: true}
	c := newCluster(t, s)
	c.gpk("create", "-f", c.file).want(t, 0)
	c.sql("analytics", "create table kept (id int)")
	c.sql("analytics", "insert into kept select generate_series(1, 300)")
	for _, pod := range []string{"demo-coordinator-0", "demo-coordinator-1", "demo-primary-0", "demo-mirror-0"} {
		c.patiently("a drain may take pod "+pod, func() (bool, error) { return true, c.evict(pod) })
	}

	c.restart("demo-mirror-0")
	c.comesBack(s, "after its mirror was lost")
	c.restart("demo-coordinator-0", "demo-coordinator-1", "demo-primary-0", "demo-mirror-0")
	c.comesBack(s, "after all pods were lost at once")

	// The primary's pod stays away until its mirror has taken over.
	c.scale("demo-primary", 0)
	c.patiently("the mirror acts", func() (bool, error) { return c.acts("demo-mirror-0") })
	c.scale("demo-primary", 1)
	c.patiently("the old primary's pod runs", func() (bool, error) {
		_, err := c.exec(c.ctx, "demo-primary-0", "true")
		return err == nil, err
	})
	c.wantMirrorActing("when the old primary's pod is back")
	c.restart("demo-coordinator-0", "demo-coordinator-1", "demo-primary-0", "demo-mirror-0")
	c.wantMirrorActing("after all pods were lost at once")
	c.gpk("status").want(t, 1)
	c.patiently("a drain leaves the last copy alone", func() (bool, error) {
		err := c.evict("demo-mirror-0")
		if apierrors.IsTooManyRequests(err) {
			return true, nil
		}
		return false, err
	})
}

// evict asks for a pod's eviction as a drain would, without any.
func (c *cluster) evict(pod string) error {
	return shared.Client.CoreV1().Pods(c.namespace).EvictV1(c.ctx, &policyv1.Eviction{
		ObjectMeta:    metav1.ObjectMeta{Name: pod},
		DeleteOptions: &metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}},
	})
}

// restart deletes pods, which get a second to stop, and waits until others run in their places.
func (c *cluster) restart(pods ...string) {
	c.t.Helper()
	began := time.Now()
	uids := map[string]types.UID{}
	for _, pod := range pods {
		found, err := shared.Client.CoreV1().Pods(c.namespace).Get(c.ctx, pod, metav1.GetOptions{})
		c.must(nil, err)
		uids[pod] = found.UID
	}
	for _, pod := range pods {
		c.must(nil, shared.Client.CoreV1().Pods(c.namespace).Delete(c.ctx, pod, metav1.DeleteOptions{GracePeriodSeconds: new(int64(1))}))
	}
	for _, pod := range pods {
		c.patiently("pod "+pod+" runs again", func() (bool, error) {
			found, err := shared.Client.CoreV1().Pods(c.namespace).Get(c.ctx, pod, metav1.GetOptions{})
			if err == nil && found.UID != uids[pod] {
				_, err = c.exec(c.ctx, pod, "true")
				return err == nil, err
			}
			return false, err
		})
	}
	c.t.Logf("%d pods run again after %.1fs", len(pods), time.Since(began).Seconds())
}

// endContainer ends the container of a pod, which stays, and waits until the next one runs. What gpk has decided within the last
// minute or two may come into it late.
func (c *cluster) endContainer(pod string) {
	c.t.Helper()
	state := func() (restarts int32, runs bool) {
		found, err := shared.Client.CoreV1().Pods(c.namespace).Get(c.ctx, pod, metav1.GetOptions{})
		c.must(nil, err)
		status := found.Status.ContainerStatuses[0]
		return status.RestartCount, status.State.Running != nil
	}
	before, _ := state()
	c.in(pod, "kill 1")
	c.patiently("the next container of pod "+pod+" runs", func() (bool, error) {
		restarts, runs := state()
		return restarts > before && runs, nil
	})
}

// comesBack wants the database whole again, with its rows.
func (c *cluster) comesBack(s shape, when string) {
	c.t.Helper()
	began := time.Now()
	c.patiently("the database is whole "+when, func() (bool, error) {
		rows, err := c.tryCatalogue()
		return err == nil && len(rows) == 4 && !slices.ContainsFunc(rows, func(i instance) bool {
			return i.Status != "u" || i.Role != i.PreferredRole || i.Content >= 0 && i.Mode != "s"
		}), err
	})
	c.t.Logf("%s, the database is whole after %.1fs", when, time.Since(began).Seconds())
	c.wantWhole(s)
	if rows := c.sql("analytics", "select count(*) from kept"); rows != "300" {
		c.t.Errorf("%s, %s of 300 rows are there", when, rows)
	}
}

// wantMirrorActing wants the rows on the mirror, and no process on the data of the old primary, now and a while later.
func (c *cluster) wantMirrorActing(when string) {
	c.t.Helper()
	c.patiently("rows can be read "+when, func() (bool, error) {
		r := c.gpk("psql", "-d", "analytics", "--", "-XAtq", "-c", "select count(*) from kept")
		if r.stdout != "300\n" {
			return false, fmt.Errorf("%s%s", r.stdout, r.stderr)
		}
		return true, nil
	})
	for range 5 {
		if acts, err := c.acts("demo-mirror-0"); err != nil || !acts {
			c.t.Errorf("%s, the mirror does not act: %v", when, err)
		}
		c.patiently("the old primary is down "+when, func() (bool, error) {
			_, err := c.exec(c.ctx, "demo-primary-0", environment+"! pg_ctl status -D /greenplum/primary/gpseg0")
			return err == nil, err
		})
		time.Sleep(time.Second)
	}
}

// acts says whether the acting primary of content 0 is in a pod, and its other copy down.
func (c *cluster) acts(pod string) (bool, error) {
	rows, err := c.tryCatalogue()
	acting := slices.ContainsFunc(rows, func(i instance) bool { return i.Content == 0 && i.Role == "p" && i.Host == pod })
	down := slices.ContainsFunc(rows, func(i instance) bool { return i.Content == 0 && i.Role == "m" && i.Status == "d" })
	return acting && down, err
}

func (c *cluster) scale(set string, replicas int) {
	c.t.Helper()
	_, err := shared.Client.AppsV1().StatefulSets(c.namespace).Patch(c.ctx, set, types.MergePatchType,
		fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas), metav1.PatchOptions{FieldManager: "somebody"})
	c.must(nil, err)
}
