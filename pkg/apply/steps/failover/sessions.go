package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
)

const (
	// severPatience bounds the wait until the segments have ended all sessions of a coordinator that is out of reach.
	severPatience = time.Minute
	// severSoon bounds the same after a person's word, which does not depend on it.
	severSoon = 15 * time.Second
)

// severing ends the sessions of an old coordinator in the segments. A machine that was paused goes on where it was: with its sessions, its
// coordinator commits and acknowledges before it finds out how late it is.
//
// Most of the wait for a silent coordinator goes to hosts that are as silent. They are found in a first round, while other things are
// waited for, and left out of the second. A primary among them is out of the standby's reach: it acknowledges nothing without its mirror.
type severing struct {
	*fenceHandler
	first chan error
	hosts []string
}

// beginSevering starts the first round.
func (h *fenceHandler) beginSevering(ctx context.Context) *severing {
	s := &severing{h, make(chan error, 1), h.action.Hosts}
	go func() {
		ctx, cancel := context.WithTimeout(ctx, severPatience)
		defer cancel()
		severed, err := h.db.Sever(ctx, h.action.To, s.hosts)
		if err == nil {
			s.hosts = severed.Reached
		}
		s.first <- err
	}()
	return s
}

// finish is the second round: it fails unless all segments that are reached have no session left.
func (s *severing) finish(ctx context.Context, progress func(string)) error {
	if err := <-s.first; err != nil && !database.SeversNone(err) {
		progress(fmt.Sprintf("sessions in the segments: %v", err))
	}
	sessions := 0
	err := engine.Until(ctx, severPatience, progress, func() ([]string, error) {
		severed, err := s.db.Sever(ctx, s.action.To, s.hosts)
		sessions += severed.Sessions
		return severed.Remaining, err
	}, "%s")
	switch timeout, late := errors.AsType[*engine.TimeoutError](err); {
	case database.SeversNone(err):
		progress("the pods' scripts are those of an earlier gpk: they do not end the old coordinator's sessions in the segments")
		return nil
	case late:
		return s.undecided(timeout.Error() + ": if its machine was only paused, the coordinator in pod " + s.action.From +
			" may commit by these sessions")
	case err != nil:
		return err
	}
	progress(fmt.Sprintf("no session of the old coordinator is left in the pods of %d segment hosts; %d were ended", len(s.hosts), sessions))
	return nil
}

// severSoon ends sessions after a person's word, as far as that is quick: a coordinator whose node is off has none.
func (h *fenceHandler) severSoon(ctx context.Context, progress func(string)) {
	ctx, cancel := context.WithTimeout(ctx, severSoon)
	defer cancel()
	if _, err := h.db.Sever(ctx, h.action.To, h.action.Hosts); err != nil && !database.SeversNone(err) {
		progress(fmt.Sprintf("sessions in the segments: %v", err))
	}
}
