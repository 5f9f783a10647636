package apply

import (
	"context"
	"errors"
	"time"

	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// The jobs of an expansion.
const (
	setupJob        = "gpexpand-setup"
	rollbackJob     = "gpexpand-rollback"
	redistributeJob = "gpexpand-redistribute"
)

// Expansion reads from the acting coordinator how far gpexpand's redistribution is; nothing without its schema.
func (t *Target) Expansion(ctx context.Context) (segments.Expansion, error) {
	acting, err := t.Acting(ctx)
	if err != nil {
		return segments.Expansion{}, err
	}
	return t.expansion(ctx, acting)
}

// expansion asks once more, and again, where the database cancels the question because it is short of memory, as it does
// while clients have all of it.
func (t *Target) expansion(ctx context.Context, acting Acting) (segments.Expansion, error) {
	for end := time.Now().Add(memoryPatience); ; {
		under, err := t.askExpansion(ctx, acting)
		var exit *remote.Error
		if !errors.As(err, &exit) || !exit.ShortOfMemory() || time.Now().After(end) {
			return under, err
		}
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return under, err
		}
	}
}

// memoryPatience is how long a database may be short of memory for a question about an expansion.
const memoryPatience = 30 * time.Second

func (t *Target) askExpansion(ctx context.Context, acting Acting) (segments.Expansion, error) {
	there, err := t.sql(ctx, acting, "postgres", segments.ExpansionThereSQL)
	if err != nil || there != "t" {
		return segments.Expansion{}, err
	}
	out, err := t.sql(ctx, acting, "postgres", segments.ExpansionSQL)
	if err != nil {
		return segments.Expansion{}, err
	}
	return segments.ParseExpansion(out)
}

// expansionFacts asks pods, all at once, what they have of an expansion.
func (t *Target) expansionFacts(ctx context.Context, pods []podDirs) (map[string]segments.ExpansionFacts, error) {
	answers := make([]segments.ExpansionFacts, len(pods))
	err := each(ctx, pods, func(ctx context.Context, i int, pod podDirs) error {
		out, err := t.remote.Run(ctx, pod.pod, segments.ExpandScript("facts", pod.dirs...))
		if err == nil {
			answers[i], err = segments.ParseExpansionFacts(out)
		}
		return err
	})
	facts := map[string]segments.ExpansionFacts{}
	for i, pod := range pods {
		facts[pod.pod] = answers[i]
	}
	return facts, err
}

// expand calls a verb of expand.sh in several pods at once.
func (t *Target) expand(ctx context.Context, verb string, pods []podDirs) error {
	return each(ctx, pods, func(ctx context.Context, _ int, pod podDirs) error {
		_, err := t.remote.Run(ctx, pod.pod, segments.ExpandScript(verb, pod.dirs...))
		return err
	})
}

// gpexpand runs it on the acting coordinator as a job, once nothing of an earlier one is in its way.
func (t *Target) gpexpand(ctx context.Context, acting Acting, name string, utility segments.Utility, progress func(string)) error {
	j := t.remote.Job(acting.Pod, name)
	if err := t.startGpexpand(ctx, j, utility); err != nil {
		return err
	}
	return t.follow(ctx, j, "gpexpand", progress)
}

// startGpexpand begins a job, or leaves the one that is running.
func (t *Target) startGpexpand(ctx context.Context, j remote.Job, utility segments.Utility) error {
	if err := t.expand(ctx, "unlock", []podDirs{{pod: j.Pod}}); err != nil {
		return err
	}
	_, err := j.Start(ctx, utility)
	return err
}

// runningGpexpand is which of gpk's jobs a gpexpand that runs is of, "" for none of them, and since when it runs.
func (t *Target) runningGpexpand(ctx context.Context, acting Acting) (name, since string, err error) {
	for _, name := range []string{setupJob, rollbackJob, redistributeJob} {
		state, err := t.remote.Job(acting.Pod, name).State(ctx)
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

// podNames are the names of pods.
func podNames(pods []podDirs) []string {
	names := make([]string, len(pods))
	for i, pod := range pods {
		names[i] = pod.pod
	}
	return names
}
