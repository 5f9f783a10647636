package apply

import (
	"context"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// Operation is what a command does to a cluster that exists: a plan, and what is kept of the cluster around it.
type Operation struct {
	made Made
	plan plan.Plan
	// result is what the cluster is afterwards; nil: what it was.
	result *topology.Cluster
	// run is how the plan is carried out. Carry fills in Accept and Result.
	run Options
	// first is carried out before, if it is not nil; both are one operation to the user.
	first *Operation
	// rest plans what follows first, of the cluster as first has left it.
	rest func(Made) (Operation, error)
	// after completes the answer once everything is done.
	after func(context.Context, *Operated) error
}

// Operated is what an operation has done. Its JSON is stable.
type Operated struct {
	Outcome
	// ClusterYAML are the lines to change in cluster.yaml, which then says what the cluster is.
	ClusterYAML []plan.Difference `json:"clusterYaml,omitempty"`
	// Restart are settings that count from the next restart on.
	Restart []string `json:"restart,omitempty"`
	// Stopped: the database does not run, and has the settings when it starts.
	Stopped bool `json:"stopped,omitempty"`
}

// Observers are told what happens while an operation is carried out.
type Observers struct {
	Observe engine.Observer
	// Waiting is told who holds the lock while gpk finds out whether that gpk still lives.
	Waiting func(holder string)
}

// Carry carries an operation out.
func (t *Target) Carry(ctx context.Context, o Operation, tell Observers) (Operated, error) {
	var answer Operated
	was := o.made.Cluster
	if o.first != nil {
		first, err := t.Carry(ctx, *o.first, tell)
		if err != nil {
			return first, err
		}
		answer.Changed = first.Changed
		now, err := t.Made(ctx)
		if err != nil {
			return answer, err
		}
		if o, err = o.rest(now); err != nil {
			return answer, err
		}
	}
	options := o.run
	options.Accept = o.made.unchanged
	if o.result != nil {
		text, err := textOf(o.result)
		if err != nil {
			return answer, err
		}
		options.Result, answer.ClusterYAML = text, plan.ClusterDifferences(was, o.result)
	}
	p, err := o.kept()
	if err != nil {
		return answer, err
	}
	outcome, err := t.Run(ctx, p, options, tell)
	answer.Changed, answer.Downtime = answer.Changed+outcome.Changed, outcome.Downtime
	if err == nil && o.after != nil {
		err = o.after(ctx, &answer)
	}
	return answer, err
}

// kept is the plan, which keeps the pods that an unfinished expansion has made.
func (o Operation) kept() (plan.Plan, error) {
	u := o.made.unfinished(plan.ExpandOperation)
	if u == nil || o.plan.Operation == u.Operation {
		return o.plan, nil
	}
	to, err := o.made.clusterOf(u.To)
	if err != nil {
		return plan.Plan{}, err
	}
	return o.plan.Keeping(to), nil
}

// PreviewOperation says what an operation would have to do, and changes nothing.
func (t *Target) PreviewOperation(ctx context.Context, o Operation) ([]engine.Preview, error) {
	if err := t.refuseEarlier(ctx, o.plan.Operation); err != nil {
		return nil, err
	}
	if u := o.made.Record.Unfinished; u != nil && !o.run.Amid && u.Operation != o.plan.Operation {
		return nil, u.Refusal(t.Ref.Name)
	}
	p, err := o.kept()
	if err != nil {
		return nil, err
	}
	return t.Preview(ctx, p)
}
