package expand

import (
	"context"
	"errors"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// The jobs of an expansion.
const (
	SetupJob        = "gpexpand-setup"
	RollbackJob     = "gpexpand-rollback"
	RedistributeJob = "gpexpand-redistribute"
)

// Expansion reads from the acting coordinator how far gpexpand's redistribution is; nothing without its schema.
func (g *Gpexpand) Expansion(ctx context.Context) (segments.Expansion, error) {
	acting, err := g.db.Acting(ctx)
	if err != nil {
		return segments.Expansion{}, err
	}
	return g.expansion(ctx, acting)
}

// expansion asks once more, and again, where the database cancels the question because it is short of memory, as it does
// while clients have all of it.
func (g *Gpexpand) expansion(ctx context.Context, acting database.Acting) (segments.Expansion, error) {
	for end := time.Now().Add(memoryPatience); ; {
		under, err := g.askExpansion(ctx, acting)
		var exit *remote.Error
		if !errors.As(err, &exit) || !exit.ShortOfMemory() || time.Now().After(end) {
			return under, err
		}
		if err := engine.Sleep(ctx, 500*time.Millisecond); err != nil {
			return under, err
		}
	}
}

// memoryPatience is how long a database may be short of memory for a question about an expansion.
const memoryPatience = 30 * time.Second

func (g *Gpexpand) askExpansion(ctx context.Context, acting database.Acting) (segments.Expansion, error) {
	there, err := g.db.Query(ctx, acting, "postgres", segments.ExpansionThereSQL)
	if err != nil || there != "t" {
		return segments.Expansion{}, err
	}
	out, err := g.db.Query(ctx, acting, "postgres", segments.ExpansionSQL)
	if err != nil {
		return segments.Expansion{}, err
	}
	return segments.ParseExpansion(out)
}

// expand calls a verb of expand.sh in several pods at once.
func (g *Gpexpand) expand(ctx context.Context, verb string, pods []database.PodDirs) error {
	return engine.Each(ctx, pods, func(ctx context.Context, _ int, pod database.PodDirs) error {
		_, err := g.remote.Run(ctx, pod.Pod, segments.ExpandScript(verb, pod.Dirs...))
		return err
	})
}

// gpexpand runs it on the acting coordinator as a job, once nothing of an earlier one is in its way.
func (g *Gpexpand) gpexpand(ctx context.Context, acting database.Acting, name string, utility segments.Utility, progress func(string)) error {
	j := g.remote.Job(acting.Pod, name)
	if err := g.startGpexpand(ctx, j, utility); err != nil {
		return err
	}
	return g.db.Follow(ctx, j, "gpexpand", progress)
}

// startGpexpand begins a job, or leaves the one that is running.
func (g *Gpexpand) startGpexpand(ctx context.Context, j remote.Job, utility segments.Utility) error {
	if err := g.expand(ctx, "unlock", []database.PodDirs{{Pod: j.Pod}}); err != nil {
		return err
	}
	_, err := j.Start(ctx, utility)
	return err
}

// runningGpexpand is which of gpk's jobs a gpexpand that runs is of, "" for none of them, and since when it runs.
func (g *Gpexpand) runningGpexpand(ctx context.Context, acting database.Acting) (name, since string, err error) {
	for _, name := range []string{SetupJob, RollbackJob, RedistributeJob} {
		state, err := g.remote.Job(acting.Pod, name).State(ctx)
		if err != nil || state.Phase == "running" {
			return name, state.Since, err
		}
	}
	return "", "", nil
}

// catalogued are those of the instances whose content and role the catalogue has, wherever.
func catalogued(catalogue segments.Catalogue, instances []topology.Instance) []segments.Row {
	var rows []segments.Row
	for _, row := range catalogue {
		for _, instance := range instances {
			if row.Content == instance.Content && row.PreferredRole == instance.Role {
				rows = append(rows, row)
			}
		}
	}
	return rows
}
