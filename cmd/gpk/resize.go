package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"gpk/pkg/apply"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

func (a *app) resizeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resize -f cluster.yaml",
		Short: "Give the pods other resources and larger volumes",
		Long: `resize gives the pods the requests, limits and volume sizes of a file, and the instances the settings that gpk derives from
them. Volumes grow while the database runs, where their storage class lets them. Other resources take a maintenance window:
the database is stopped, all pods are made anew, and it is started again; if that fails, everything goes back by itself.
What else differs in the file is the business of other commands: gpk diff names them.`,
		Example: "  gpk resize -f cluster.yaml --dry-run\n  gpk resize -f cluster.yaml",
	}
	file := cmd.Flags().StringP("filename", "f", "", "cluster.yaml, or - for standard input")
	skipCapacity := cmd.Flags().Bool("skip-capacity", false, "do not look whether the nodes have room, as where an autoscaler adds some")
	dryRun := dryRunFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := a.load(*file)
		if err != nil {
			return err
		}
		a.settings.Set("namespace", c.Metadata.Namespace)
		a.settings.Set("cluster", c.Metadata.Name)
		m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		r, err := resizeTo(m, c, *file)
		if err != nil {
			return err
		}
		if *dryRun {
			return a.previewResize(cmd.Context(), m, r, *skipCapacity)
		}
		return a.resize(cmd.Context(), m, r, *skipCapacity)
	}
	return cmd
}

// resizing is a change of sizes in two parts, since volumes never go back.
type resizing struct {
	// larger is the cluster with the volumes of the file, and to with the resources too.
	larger, to *topology.Cluster
	file       string
}

// resizeTo takes from a file what resize changes.
func resizeTo(m made, c *topology.Cluster, file string) (*resizing, error) {
	larger, err := copied(m.cluster)
	if err != nil {
		return nil, err
	}
	larger.Spec.Coordinator.Storage.Size = c.Spec.Coordinator.Storage.Size
	larger.Spec.Segments.Storage.Size = c.Spec.Segments.Storage.Size
	for _, change := range plan.Changes(m.cluster, larger, file) {
		if change.Command == "" {
			return nil, usage("%s: %s → %s: %s", change.Field, change.From, change.To, change.Why)
		}
	}
	to, err := copied(larger)
	if err != nil {
		return nil, err
	}
	to.Spec.Coordinator.Resources = c.Spec.Coordinator.Resources
	to.Spec.Segments.Resources = c.Spec.Segments.Resources
	if err := to.Validate(); err != nil {
		return nil, usageError{err}
	}
	return &resizing{larger, to, file}, nil
}

func same(a, b *topology.Cluster) bool { return len(plan.Differences(a, b)) == 0 }

// resize makes the volumes larger and keeps that, and then gives the pods their resources.
func (a *app) resize(ctx context.Context, m made, r *resizing, skipCapacity bool) error {
	was, grown := m.cluster, 0
	if !same(m.cluster, r.larger) {
		p, err := plan.ResizeVolumes(r.larger, r.to)
		if err != nil {
			return err
		}
		begun, _, err := r.unfinished(m, m.cluster, r.larger)
		if err != nil {
			return err
		}
		result, err := yaml.Marshal(r.larger)
		if err != nil {
			return err
		}
		outcome, err := a.run(ctx, m.target, p, apply.Options{Result: string(result), Begun: begun, Accept: unchanged(m)})
		if err != nil {
			return err
		}
		grown = outcome.Changed
		if m, err = a.made(ctx); err != nil {
			return err
		}
	}
	o, err := r.operation(m, skipCapacity)
	if err != nil {
		return err
	}
	o.was, o.earlier = was, grown
	return a.operate(ctx, m, o, false)
}

// operation is the second part. Where the resources are the same it looks after the volumes only, and finds nothing to do.
func (r *resizing) operation(m made, skipCapacity bool) (operation, error) {
	name := m.target.Ref.Name
	o := operation{result: r.to, done: name + " has the sizes of " + shownPath(r.file),
		same: "no changes: " + name + " has the sizes of " + shownPath(r.file)}
	if same(m.cluster, r.to) && m.record.Unfinished == nil {
		p, err := plan.ResizeVolumes(r.to, r.to)
		o.plan = p
		return o, err
	}
	begun, resumed, err := r.unfinished(m, m.cluster, r.to)
	if err != nil {
		return operation{}, err
	}
	o.begun = begun
	from := m.cluster
	if resumed {
		// Whichever way it leads now, both ends are known, and the settings may be those of either.
		if from, err = otherEnd(m, begun, r.to); err != nil {
			return operation{}, err
		}
	}
	if o.plan, o.window.Step, err = plan.Resize(from, r.to, resumed); err != nil {
		return operation{}, err
	}
	if skipCapacity {
		o.plan = o.plan.Without("capacity")
	}
	if !same(from, r.to) && same(from, m.cluster) {
		back, _, err := plan.Resize(r.to, from, true)
		if err != nil {
			return operation{}, err
		}
		o.window.Fallback = &back
	}
	return o, nil
}

// otherEnd is the cluster that a resize which has begun leads away from, when it is to end at one of its two.
func otherEnd(m made, begun *record.Unfinished, to *topology.Cluster) (*topology.Cluster, error) {
	from, err := topology.Recorded([]byte(begun.From), m.target.Ref.Namespace)
	if err != nil {
		return nil, err
	}
	if !same(from, to) {
		return from, nil
	}
	return topology.Recorded([]byte(begun.To), m.target.Ref.Namespace)
}

// unfinished is what is kept of a part of the resize, or the one that has begun, if that leads from or to the same.
func (r *resizing) unfinished(m made, from, to *topology.Cluster) (begun *record.Unfinished, resumed bool, err error) {
	before, err := yaml.Marshal(from)
	if err != nil {
		return nil, false, err
	}
	after, err := yaml.Marshal(to)
	if err != nil {
		return nil, false, err
	}
	if u := m.record.Unfinished; u != nil {
		if u.Operation != plan.ResizeOperation || u.To != string(after) && u.From != string(after) {
			return nil, false, u.Refusal(m.target.Ref.Name)
		}
		return u, true, nil
	}
	command := "gpk resize -f " + plan.Word(r.file)
	return &record.Unfinished{Operation: plan.ResizeOperation, Since: time.Now().UTC(), From: string(before), To: string(after),
		Resume: command, Undo: command + " with the resources from before"}, false, nil
}

// previewResize shows the steps of both parts, or of what is left of them.
func (a *app) previewResize(ctx context.Context, m made, r *resizing, skipCapacity bool) error {
	p, err := r.preview(m, skipCapacity)
	if err != nil {
		return err
	}
	return a.preview(ctx, m.target, p)
}

// preview is what resize would carry out, as one plan.
func (r *resizing) preview(m made, skipCapacity bool) (plan.Plan, error) {
	if same(m.cluster, r.larger) {
		o, err := r.operation(m, skipCapacity)
		return o.plan, err
	}
	if _, _, err := r.unfinished(m, m.cluster, r.larger); err != nil {
		return plan.Plan{}, err
	}
	p, err := plan.ResizeVolumes(r.larger, r.to)
	if err != nil || same(r.larger, r.to) {
		return p, err
	}
	// The second part finds the first one done.
	m.cluster, m.record.Unfinished = r.larger, nil
	o, err := r.operation(m, skipCapacity)
	p = p.Without("sets")
	p.Steps = append(p.Steps, o.plan.Without("admissible").Steps...)
	return p, err
}
