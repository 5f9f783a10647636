package apply

import (
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// Resize gives the pods the sizes of c, which was read from a file: volumes first, which never go back, then resources.
func Resize(m Made, c *topology.Cluster, file string, skipCapacity bool) (Operation, error) {
	r, err := resizeTo(m, c, file)
	if err != nil {
		return Operation{}, err
	}
	if same(m.Cluster, r.larger) {
		return r.resources(m, skipCapacity)
	}
	volumes, err := r.volumes(m)
	if err != nil {
		return Operation{}, err
	}
	o := Operation{made: m, first: &volumes, rest: func(now Made) (Operation, error) { return r.resources(now, skipCapacity) }}
	o.plan, err = r.both(m, volumes.plan, skipCapacity)
	return o, err
}

// resizing is a change of sizes in two parts.
type resizing struct {
	// larger is the cluster with the volumes of the file, and to with the resources too.
	larger, to *topology.Cluster
	file       string
}

// resizeTo takes from a file what resize changes.
func resizeTo(m Made, c *topology.Cluster, file string) (*resizing, error) {
	larger, err := copied(m.Cluster)
	if err != nil {
		return nil, err
	}
	larger.Spec.Coordinator.Storage.Size = c.Spec.Coordinator.Storage.Size
	larger.Spec.Segments.Storage.Size = c.Spec.Segments.Storage.Size
	for _, change := range plan.Changes(m.Cluster, larger, file) {
		if change.Command == nil {
			return nil, usage("%s: %s → %s: %s", change.Field, change.From, change.To, change.Why)
		}
	}
	to, err := copied(larger)
	if err != nil {
		return nil, err
	}
	to.Spec.Coordinator.Resources = c.Spec.Coordinator.Resources
	to.Spec.Segments.Resources = c.Spec.Segments.Resources
	if err := to.ValidateChange(m.Cluster); err != nil {
		return nil, UsageError{err}
	}
	return &resizing{larger, to, file}, nil
}

// volumes is the first part.
func (r *resizing) volumes(m Made) (Operation, error) {
	p, err := plan.ResizeVolumes(r.larger, r.to)
	if err != nil {
		return Operation{}, err
	}
	begun, _, err := r.unfinished(m, r.larger)
	return Operation{made: m, plan: p, result: r.larger, run: Options{Begun: begun}}, err
}

// resources is the second part. If the resources are the same, it only checks the volumes, and finds nothing to do.
func (r *resizing) resources(m Made, skipCapacity bool) (Operation, error) {
	o := Operation{made: m, result: r.to}
	if same(m.Cluster, r.to) && m.Record.Unfinished == nil {
		p, err := plan.ResizeVolumes(r.to, r.to)
		o.plan = p
		return o, err
	}
	begun, resumed, err := r.unfinished(m, r.to)
	if err != nil {
		return Operation{}, err
	}
	o.run.Begun = begun
	from := m.Cluster
	if resumed {
		// Whichever way it leads now, both ends are known, and the settings may be those of either.
		if from, err = otherEnd(m, begun, r.to); err != nil {
			return Operation{}, err
		}
	}
	if o.plan, o.run.Window, err = plan.Resize(from, r.to, resumed); err != nil {
		return Operation{}, err
	}
	if skipCapacity {
		o.plan = o.plan.Without("capacity")
	}
	if !same(from, r.to) && same(from, m.Cluster) {
		back, _, err := plan.Resize(r.to, from, true)
		if err != nil {
			return Operation{}, err
		}
		o.run.Fallback = &back
	}
	return o, nil
}

// otherEnd is the cluster that an unfinished resize leads away from, if it is to end at one of its two.
func otherEnd(m Made, begun *record.Unfinished, to *topology.Cluster) (*topology.Cluster, error) {
	from, err := m.clusterOf(begun.From)
	if err != nil {
		return nil, err
	}
	if !same(from, to) {
		return from, nil
	}
	return m.clusterOf(begun.To)
}

// unfinished is what is kept of a part of the resize, or the unfinished one, if that leads from or to the same.
func (r *resizing) unfinished(m Made, to *topology.Cluster) (begun *record.Unfinished, resumed bool, err error) {
	begun, err = between(plan.ResizeOperation, m.Cluster, to)
	if err != nil {
		return nil, false, err
	}
	if u := m.Record.Unfinished; u != nil {
		if u.Operation != plan.ResizeOperation || u.To != begun.To && u.From != begun.To {
			return nil, false, u.Refusal(m.Ref.Name)
		}
		return u, true, nil
	}
	begun.Resume = plan.Gpk("resize", "-f", r.file).String()
	begun.Undo = begun.Resume + " with the earlier resources"
	return begun, false, nil
}

// both is what the two parts carry out, as one plan for people. The second part finds the first one done.
func (r *resizing) both(m Made, volumes plan.Plan, skipCapacity bool) (plan.Plan, error) {
	if same(r.larger, r.to) {
		return volumes, nil
	}
	m.Cluster, m.Record.Unfinished = r.larger, nil
	o, err := r.resources(m, skipCapacity)
	volumes = volumes.Without("sets")
	volumes.Steps = append(volumes.Steps, o.plan.Without("admissible").Steps...)
	return volumes, err
}
