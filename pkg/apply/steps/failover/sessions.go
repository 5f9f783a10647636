package failover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/segments"
)

const (
	// severPatience bounds the wait until the segments have ended all sessions of a coordinator that is out of reach.
	severPatience = time.Minute
	// severLimit bounds one round in the pods: what went on there after the activation would end the new coordinator's sessions.
	severLimit = 25 * time.Second
	// severSoon bounds the same after a person's word, which does not depend on it.
	severSoon = 12 * time.Second
)

// severing ends the sessions of an old coordinator in the segments. A machine that was paused goes on where it was: with its sessions, its
// coordinator commits and acknowledges before it finds out how late it is.
//
// Most of the wait for a silent coordinator goes to hosts that are as silent. They are found in two first rounds, while other things are
// waited for, and left out of the last one. A primary among them is out of reach of the standby, and acknowledges nothing alone.
type severing struct {
	*fenceHandler
	first chan error
	hosts []string
}

// beginSevering starts the first rounds.
func (h *fenceHandler) beginSevering(ctx context.Context) *severing {
	s := &severing{h, make(chan error, 1), nil}
	go func() {
		defer close(s.first)
		left := h.action.Hosts
		for range 2 {
			severed, err := h.db.Sever(ctx, h.action.To, left, severLimit)
			if err != nil {
				s.hosts = h.action.Hosts
				s.first <- err
				return
			}
			s.hosts = append(s.hosts, severed.Reached...)
			left = slices.DeleteFunc(slices.Clone(left), func(host string) bool { return slices.Contains(severed.Reached, host) })
		}
	}()
	return s
}

// end waits for the first rounds, whatever else has ended the wait: nothing of them goes on during an activation.
func (s *severing) end() {
	for range s.first { //nolint:revive // until it is closed
	}
}

// finish is the last round: it fails unless all segments that were reached have no session left. It gives the evidence that this is.
func (s *severing) finish(ctx context.Context, progress func(string)) (Evidence, error) {
	if err := <-s.first; err != nil {
		progress(fmt.Sprintf("sessions in the segments: %v", err))
	}
	sessions, evidence := 0, CutOff
	err := engine.Until(ctx, severPatience, progress, func() ([]string, error) {
		severed, err := s.db.Sever(ctx, s.action.To, s.hosts, severLimit)
		if err != nil {
			return nil, err
		}
		sessions += severed.Sessions
		for _, host := range s.hosts {
			if !slices.Contains(severed.Reached, host) {
				severed.Remaining = append(severed.Remaining, "pod "+segments.PodOf(host)+" does not answer by ssh any more")
			}
		}
		if len(severed.Older) > 0 {
			evidence = Silent
		}
		return severed.Remaining, nil
	}, "%s")
	switch timeout, late := errors.AsType[*engine.TimeoutError](err); {
	case late:
		return "", s.undecided(timeout.Error() + ": if its machine was only paused, the coordinator in pod " + s.action.From +
			" may commit by the sessions that it has there")
	case err != nil:
		return "", err
	case evidence == Silent:
		progress("the pods' scripts are those of an earlier gpk: they do not end the old coordinator's sessions in the segments")
	default:
		progress(fmt.Sprintf("no session of the old coordinator is left in the pods of %d segment hosts; %d were ended", len(s.hosts), sessions))
	}
	return evidence, nil
}

// severSoon ends sessions after a person's word, as far as that is quick: a coordinator whose node is off has none.
func (h *fenceHandler) severSoon(ctx context.Context, progress func(string)) {
	if _, err := h.db.Sever(ctx, h.action.To, h.action.Hosts, severSoon); err != nil {
		progress(fmt.Sprintf("sessions in the segments: %v", err))
	}
}
