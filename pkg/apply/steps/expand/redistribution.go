package expand

import (
	"context"
	"errors"
	"strings"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
)

// Redistribution reads how far gpexpand has redistributed the tables, and waits for its end.
type Redistribution struct {
	remote *remote.Pods
	db     *database.Database
}

// NewRedistribution reads the redistribution of this database.
func NewRedistribution(r *remote.Pods, d *database.Database) *Redistribution {
	return &Redistribution{remote: r, db: d}
}

// Progress asks the acting coordinator how far the redistribution is. Without the schema gpexpand there is none.
func (r *Redistribution) Progress(ctx context.Context) (segments.Expansion, error) {
	acting, err := r.db.Acting(ctx)
	if err != nil {
		return segments.Expansion{}, err
	}
	return r.progress(ctx, acting)
}

// memoryPatience is how long Progress asks again while the database is short of memory, as it is when clients use all of it.
const memoryPatience = 30 * time.Second

func (r *Redistribution) progress(ctx context.Context, acting database.Acting) (segments.Expansion, error) {
	for end := time.Now().Add(memoryPatience); ; {
		expansion, err := r.ask(ctx, acting)
		exit, failed := errors.AsType[*remote.Error](err)
		if !failed || !exit.ShortOfMemory() || time.Now().After(end) {
			return expansion, err
		}
		if err := engine.Sleep(ctx, 500*time.Millisecond); err != nil {
			return expansion, err
		}
	}
}

func (r *Redistribution) ask(ctx context.Context, acting database.Acting) (segments.Expansion, error) {
	exists, err := r.db.Query(ctx, acting, "postgres", segments.ExpansionThereSQL)
	if err != nil || exists != "t" {
		return segments.Expansion{}, err
	}
	out, err := r.db.Query(ctx, acting, "postgres", segments.ExpansionSQL)
	if err != nil {
		return segments.Expansion{}, err
	}
	return segments.ParseExpansion(out)
}

// Follow waits for the end of a redistribution that is running, and reports its progress. gpexpand's exit status decides nothing: it is
// 0 when the time limit is over, and when tables have failed.
func (r *Redistribution) Follow(ctx context.Context, progress func(string)) (segments.Expansion, error) {
	acting, err := r.db.Acting(ctx)
	if err != nil {
		return segments.Expansion{}, err
	}
	job := r.remote.Job(acting.Pod, RedistributeJob)
	state, err := job.State(ctx)
	if err != nil {
		return segments.Expansion{}, err
	}
	if state.Phase == "running" {
		asking, stop := context.WithCancel(ctx)
		defer stop()
		go r.report(asking, acting, progress)
		err = r.db.Follow(ctx, job, "gpexpand", func(string) {})
		if _, failed := errors.AsType[*database.UtilityError](err); err != nil && !failed {
			return segments.Expansion{}, err
		}
	}
	return r.final(ctx, progress)
}

// final asks again while the database refuses: an expansion of days must not end with an error for a moment's shortage of memory.
func (r *Redistribution) final(ctx context.Context, progress func(string)) (expansion segments.Expansion, err error) {
	err = engine.Until(ctx, database.SettlePatience, progress, func() ([]string, error) {
		var err error
		expansion, err = r.Progress(ctx)
		if exit, failed := errors.AsType[*remote.Error](err); failed {
			return []string{exit.Why()}, nil
		}
		return nil, err
	}, "%s")
	return expansion, err
}

// reportEvery is how often Follow reports the progress.
const reportEvery = 5 * time.Second

func (r *Redistribution) report(ctx context.Context, acting database.Acting, progress func(string)) {
	for engine.Sleep(ctx, reportEvery) == nil {
		if expansion, err := r.progress(ctx, acting); err == nil && expansion.Status != "" {
			progress(expansion.String())
		}
	}
}

// Faults are the errors in the last lines of gpexpand's log, if it can be read.
func (r *Redistribution) Faults(ctx context.Context) []string {
	var out string
	if acting, err := r.db.Acting(ctx); err == nil {
		out, _ = r.remote.Run(ctx, acting.Pod, segments.Script("job.sh", "tail", RedistributeJob))
	}
	var faults []string
	for line := range strings.Lines(out) {
		if _, fault, found := strings.Cut(line, "[ERROR]:-"); found {
			faults = append(faults, strings.TrimSpace(fault))
		}
	}
	return faults
}
