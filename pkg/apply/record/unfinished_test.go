package record

import (
	"errors"
	"testing"
	"time"

	"gpk/pkg/apply/engine"
)

// Another operation is told what is unfinished since when, and which commands finish and undo it.
func TestRefusal(t *testing.T) {
	since := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		unfinished  Unfinished
		error, next string
	}{
		{Unfinished{Operation: "upgrade", Resume: "gpk upgrade --version 7.2.0", Undo: "gpk upgrade --rollback"},
			"an upgrade of demo started at 2026-11-22T12:00:00Z is unfinished; nothing was changed",
			"finish it with `gpk upgrade --version 7.2.0`, or undo it with `gpk upgrade --rollback`"},
		{Unfinished{Operation: "resize", Resume: "gpk resize"},
			"a resize of demo started at 2026-11-22T12:00:00Z is unfinished; nothing was changed", "finish it with `gpk resize`"},
	} {
		test.unfinished.Since = since
		err := test.unfinished.Refusal("demo")
		var next *engine.NextError
		if !errors.As(err, &next) || err.Error() != test.error || next.Next.String() != test.next {
			t.Errorf("error %q, next %q", err, next.Next)
		}
	}
}
