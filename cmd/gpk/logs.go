package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gpk/pkg/apply"
	"gpk/pkg/plan"
)

func (a *app) logsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logs [POD...]",
		Short: "Show the logs of the pods and of the database instances in them",
		Long: `logs shows the last lines of each pod's container log, and of the newest log of each database instance in it. Every line
begins with its pod, and with its instance if it has one.`,
		Example:           "  gpk logs\n  gpk logs demo-primary-0 --tail 200\n  gpk logs --since 10m --follow",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.offering(a.podNames),
		Annotations:       map[string]string{endless: "yes"},
	}
	var options apply.LogOptions
	cmd.Flags().BoolVar(&options.Follow, "follow", false, "keep printing new lines until interrupted")
	cmd.Flags().Int64Var(&options.Tail, "tail", 50, "number of lines of each log; -1 for all")
	cmd.Flags().DurationVar(&options.Since, "since", 0, "only lines that are not older than this, such as 10m")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if options.Tail < -1 || options.Since < 0 {
			return usage("--tail takes a number of lines, or -1 for all; --since a duration such as 10m")
		}
		target, err := a.existing(cmd.Context())
		if err != nil {
			return err
		}
		pods, err := podsOf(cmd.Context(), target, args)
		if err != nil {
			return err
		}
		err = a.logs(cmd.Context(), target, pods, options)
		if options.Follow && errors.Is(context.Cause(cmd.Context()), errInterrupted) {
			// That is how following ends.
			return statusError(exitInterrupted)
		}
		return err
	}
	return cmd
}

// podsOf are the pods that are named, or all of the cluster.
func podsOf(ctx context.Context, target *apply.Target, named []string) ([]string, error) {
	all, err := target.PodNames(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, hint(fmt.Errorf("%s has no pods", target.Ref.Name), plan.Gpk("create", "-f", "cluster.yaml"), " makes them")
	}
	for _, name := range named {
		if !slices.Contains(all, name) {
			return nil, hint(usage("%s has no pod %q", target.Ref.Name, name), "name one of: "+strings.Join(all, ", "))
		}
	}
	if len(named) > 0 {
		return named, nil
	}
	return all, nil
}

// logsAtOnce is how many pods' logs are read at once, where they end by themselves.
const logsAtOnce = 64

// logs shows pod after pod, or all at once while following. A pod whose logs cannot be had does not keep back the others'.
func (a *app) logs(ctx context.Context, target *apply.Target, pods []string, options apply.LogOptions) error {
	var mutex sync.Mutex
	var running errgroup.Group
	if !options.Follow {
		running.SetLimit(logsAtOnce)
	}
	failures := make([]error, len(pods))
	lines := make([][]apply.LogLine, len(pods))
	for i, pod := range pods {
		running.Go(func() error {
			failures[i] = apply.Logs(ctx, target, pod, options, func(l apply.LogLine) {
				if !options.Follow {
					lines[i] = append(lines[i], l)
					return
				}
				mutex.Lock()
				defer mutex.Unlock()
				a.printLogLine(l)
			})
			return nil
		})
	}
	_ = running.Wait() // the failures are in failures
	for _, l := range slices.Concat(lines...) {
		a.printLogLine(l)
	}
	return errors.Join(failures...)
}

func (a *printer) printLogLine(l apply.LogLine) {
	if a.json() {
		// One object a line. What can't be written to a closed pipe ends gpk by a signal.
		_ = json.NewEncoder(a.out).Encode(l)
		return
	}
	from := strings.TrimSpace(l.Pod + " " + l.Instance)
	_, _ = fmt.Fprintf(a.out, "%s: %s\n", from, l.Text)
}
