package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"gpk/pkg/apply"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// made is a cluster that gpk has made, or begun to, with what it was made from.
type made struct {
	target  *apply.Target
	record  record.Record
	cluster *topology.Cluster
}

// made finds the cluster that is named, or the only one of the namespace.
func (a *app) made(ctx context.Context) (made, error) {
	target, err := a.existing(ctx)
	if err != nil {
		return made{}, err
	}
	record, err := target.Record(ctx)
	if err != nil {
		return made{}, err
	}
	c, err := recorded(target, record)
	if err == nil && c == nil {
		err = hint(fmt.Errorf("of %s in namespace %s there are volumes only", target.Ref.Name, target.Ref.Namespace),
			"gpk create -f cluster.yaml finds their data again")
	}
	return made{target, record, c}, err
}

// operation is what a command does to a cluster that exists.
type operation struct {
	plan plan.Plan
	// result is what the cluster is afterwards; nil: what it was.
	result *topology.Cluster
	// begun keeps other operations from coming between until this one is done.
	begun *record.Unfinished
	// window is the part of the plan that begun is about, if that is not all of it.
	window apply.Window
	// conclude changes what else is kept of the cluster.
	conclude func(*record.Record)
	// was is what the cluster was before earlier parts of the same command, which had something to do in so many steps.
	was     *topology.Cluster
	earlier int
	// after looks at the cluster once everything is done, completes the answer, and has one more sentence for people.
	after func(context.Context, *operated) (string, error)
	// amid allows it while another operation is unfinished.
	amid bool
	// done says in a sentence what there is now, and same that there was nothing to do.
	done, same string
}

// operated is what a command prints for machines. Its JSON is stable.
type operated struct {
	apply.Outcome
	// ClusterYAML are the lines to change in cluster.yaml, which then says what the cluster is.
	ClusterYAML []plan.Difference `json:"clusterYaml,omitempty"`
	// Restart are settings that count from the next restart on.
	Restart []string `json:"restart,omitempty"`
}

// operate carries an operation out, or with dryRun says what there is to do, and tells what to change in cluster.yaml.
func (a *app) operate(ctx context.Context, m made, o operation, dryRun bool) error {
	if u := m.record.Unfinished; u != nil && u.Operation == "expand" && o.plan.Operation != u.Operation {
		to, err := topology.Recorded([]byte(u.To), m.target.Ref.Namespace)
		if err != nil {
			return err
		}
		o.plan = o.plan.Keeping(to)
	}
	if dryRun {
		if u := m.record.Unfinished; u != nil && !o.amid && u.Operation != o.plan.Operation {
			return u.Refusal(m.target.Ref.Name)
		}
		return a.preview(ctx, m.target, o.plan)
	}
	options := apply.Options{Begun: o.begun, Amid: o.amid, Accept: unchanged(m), Window: o.window, Conclude: o.conclude}
	answer := operated{}
	if o.result != nil {
		text, err := yaml.Marshal(o.result)
		if err != nil {
			return err
		}
		options.Result = string(text)
		answer.ClusterYAML = plan.Differences(cmp.Or(o.was, m.cluster), o.result)
	}
	var err error
	if answer.Outcome, err = a.run(ctx, m.target, o.plan, options); err != nil {
		return err
	}
	answer.Changed += o.earlier
	more := ""
	if o.after != nil {
		if more, err = o.after(ctx, &answer); err != nil {
			return err
		}
	}
	if a.json() {
		return a.printJSON(answer)
	}
	sentence := o.done
	if answer.Changed == 0 {
		sentence = o.same
	}
	if answer.Downtime > 0 {
		sentence += fmt.Sprintf("; the database was down for %.1f s", answer.Downtime)
	}
	if more != "" {
		sentence += "\n" + more
	}
	if _, err := fmt.Fprintln(a.out, a.aimed(sentence)); err != nil {
		return err
	}
	return a.tellFile(answer.ClusterYAML)
}

// unchanged is for apply.Options.Accept: the plan was made from the record as it was before the lock was taken.
func unchanged(m made) func(context.Context, record.Record) error {
	return func(_ context.Context, now record.Record) error {
		if now.Spec != m.record.Spec {
			return hint(errors.New("another gpk has changed the cluster in this moment: nothing was changed"), "run the same command again")
		}
		return nil
	}
}

// tellFile says what to change in cluster.yaml so that it says what the cluster is now.
func (a *app) tellFile(changes []plan.Difference) error {
	for i, change := range changes {
		if i == 0 {
			if _, err := fmt.Fprintln(a.out, "to change in cluster.yaml:"); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(a.out, "  %s: %s → %s\n", change.Field, value(change.From), value(change.To)); err != nil {
			return err
		}
	}
	return nil
}

// dryRunFlag is the flag that every command has that changes a cluster.
func dryRunFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("dry-run", false, "only say what there is to do; exit status 3 if there is something")
}
