package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// configureHandler gives the instances what gpinitsystem could not give them. Once clients are let in, nothing here restarts
// a database any more: what a setting is from then on is the business of whoever changes it.
type configureHandler struct {
	target *Target
	action plan.Configure
}

func (h *configureHandler) Check(ctx context.Context) (Finding, error) {
	state, err := h.target.state(ctx)
	if err != nil {
		return Finding{}, err
	}
	if state[plan.StateCoordinator] != "" {
		return Finding{State: Done}, nil
	}
	return h.target.lookAt(ctx, h.look)
}

func (h *configureHandler) look(ctx context.Context, acting Acting) (Finding, error) {
	faults, err := h.faults(ctx, acting)
	if wrong := nonEmpty(faults); err != nil || len(wrong) > 0 {
		return pendingIf(wrong), err
	}
	needed, err := h.needed(ctx, acting)
	if err == nil && needed != "" {
		return pendingIf([]string{"the instances need a " + needed + " to follow their settings"}), nil
	}
	return Finding{State: Done}, err
}

// faults say for each setting in its place what is wrong with it in the instances' files, or "".
func (h *configureHandler) faults(ctx context.Context, acting Acting) ([]string, error) {
	faults := make([]string, len(h.action.Settings))
	err := each(ctx, h.action.Settings, func(ctx context.Context, i int, s segments.RoleSetting) error {
		out, err := h.target.remote.Run(ctx, acting.Pod, segments.GpconfigShow(s.Name))
		var exit *remote.Error
		if err != nil && !errors.As(err, &exit) {
			return err
		}
		faults[i] = segments.Misconfigured(out, s)
		return nil
	})
	return faults, err
}

func (h *configureHandler) needed(ctx context.Context, acting Acting) (string, error) {
	return h.target.sql(ctx, acting, "postgres", segments.StaleSettingsSQL(h.names()))
}

func (h *configureHandler) names() []string {
	names := make([]string, len(h.action.Settings))
	for i, s := range h.action.Settings {
		names[i] = s.Name
	}
	return names
}

// hidden are those of the settings, in lower case, that the server does not list.
func (t *Target) hidden(ctx context.Context, acting Acting, names []string) (map[string]bool, error) {
	if len(names) == 0 {
		return nil, nil
	}
	out, err := t.sql(ctx, acting, "postgres", segments.HiddenSQL(lower(names)))
	found := map[string]bool{}
	for _, name := range strings.Fields(out) {
		found[name] = true
	}
	return found, err
}

// write writes one setting after the other: two that write the same file at once may lose each other's.
func (h *configureHandler) write(ctx context.Context, acting Acting, progress func(string)) error {
	faults, err := h.faults(ctx, acting)
	if err != nil {
		return err
	}
	hidden, err := h.target.hidden(ctx, acting, h.names())
	if err != nil {
		return err
	}
	if err := h.takeOutBounded(ctx, acting, faults, progress); err != nil {
		return err
	}
	for i, s := range h.action.Settings {
		if faults[i] == "" {
			continue
		}
		progress(fmt.Sprintf("%s = %s on the coordinator, %s on the segments", s.Name, s.Coordinator, s.Segment))
		set := segments.Gpconfig(s, hidden[strings.ToLower(s.Name)])
		if err := h.target.runJob(ctx, acting.Pod, "gpconfig-"+s.Name, set, progress); err != nil {
			return err
		}
	}
	return nil
}

// takeOutBounded has statement_mem written again if max_statement_mem is to be: gpconfig writes at a file's end, and the server
// reads it from the top. Whoever is interrupted in between leaves files without it, with which a server starts, and sees that it
// is missing.
func (h *configureHandler) takeOutBounded(ctx context.Context, acting Acting, faults []string, progress func(string)) error {
	names := h.names()
	most, bounded := slices.Index(names, topology.MostStatement), slices.Index(names, topology.StatementMem)
	if most < 0 || bounded < 0 || faults[most] == "" {
		return nil
	}
	faults[bounded] = topology.StatementMem + " has to follow " + topology.MostStatement
	return h.target.runJob(ctx, acting.Pod, "gpconfig-"+topology.StatementMem, segments.GpconfigRemove(topology.StatementMem, false), progress)
}

// Do writes what differs, then has the database take it up.
func (h *configureHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.target.lately(ctx)
	if err != nil {
		return err
	}
	if err := h.write(ctx, acting, progress); err != nil {
		return err
	}
	// See StaleSettingsSQL: what starts within the second of the last change cannot be told from what started before it.
	if err := sleep(ctx, 1100*time.Millisecond); err != nil {
		return err
	}
	switch needed, err := h.needed(ctx, acting); {
	case err != nil:
		return err
	case needed == segments.NeedsRestart:
		return h.target.runJob(ctx, acting.Pod, restartJob, segments.Gprestart(), progress)
	case needed == segments.NeedsReload:
		return h.target.runJob(ctx, acting.Pod, "gpstop-reload", segments.Gpreload(), progress)
	}
	return nil
}
