package record

import (
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/plan"
	"gpk/test/apitest"
)

// Whatever somebody has edited a record to, it is read or called unreadable; and what was read and kept again is the same.
func FuzzRecord(f *testing.F) {
	f.Add("spec", `[{"time":"2026-11-22T12:00:00Z","operation":"create","event":"started"}]`,
		`{"operation":"upgrade","since":"2026-11-22T12:00:00Z","resume":"gpk upgrade --version 7.2.0"}`, `{"version":"7.1.0","image":"x"}`)
	f.Add("", "[]", "{}", "null")
	f.Add("", `[{"detail":"`+"\u2028"+`<&>"}]`, "{{{", "0")
	f.Fuzz(func(t *testing.T, spec, journal, unfinished, previous string) {
		of := func(data map[string]string) (Record, error) {
			return read(&corev1.ConfigMap{ObjectMeta: apitest.Meta("demo-gpk", "demo"), Data: data})
		}
		once, err := of(map[string]string{specKey: spec, journalKey: journal, unfinishedKey: unfinished, previousKey: previous})
		if err != nil {
			if !IsUnreadable(err) || once.Unfinished != nil && once.Previous != nil {
				t.Errorf("%+v, error %v", once, err)
			}
			return
		}
		if once.Unfinished != nil {
			_ = once.Unfinished.Refusal("demo").Error()
		}
		data, err := once.data()
		if err != nil {
			t.Fatalf("what was read cannot be kept: %+v: %v", once, err)
		}
		again, err := of(data)
		// Details are shortened the first time, and the oldest entries left out.
		once.Journal, again.Journal = nil, nil
		if err != nil || !cmp.Equal(once, again) {
			t.Errorf("kept %+v, and read %+v, error %v", once, again, err)
		}
		second, err := again.data()
		if first := data; err != nil || first[unfinishedKey] != second[unfinishedKey] || first[previousKey] != second[previousKey] {
			t.Errorf("kept %q, and then %q, error %v", first, second, err)
		}
	})
}

// A journal that was read and kept again is the same, however long its details were.
func FuzzJournal(f *testing.F) {
	f.Add(`[{"time":"2026-11-22T12:00:00+01:00","operation":"create","step":"pods","event":"failed","detail":"é…"}]`)
	f.Add("null")
	f.Fuzz(func(t *testing.T, text string) {
		first, err := read(&corev1.ConfigMap{Data: map[string]string{journalKey: text}})
		if err != nil {
			t.Fatalf("a journal is no reason for the error %v", err)
		}
		kept, err := first.data()
		if err != nil {
			t.Fatalf("what was read cannot be kept: %v", err)
		}
		second, _ := read(&corev1.ConfigMap{Data: kept})
		again, err := second.data()
		if err != nil || !reflect.DeepEqual(kept, again) {
			t.Errorf("kept %q, and then %q, error %v", kept, again, err)
		}
		if want := min(len(first.Journal), journalLength); len(second.Journal) != want && len(text) < journalSize/2 {
			t.Errorf("%d of %d entries were kept", len(second.Journal), want)
		}
	})
}

// A later decision has a later term than every one that is known.
func FuzzDecision(f *testing.F) {
	f.Add("a", "b", "900", int64(0))
	f.Add("a", "a", "", int64(7))
	f.Add("a", "b", "soon", int64(12))
	f.Fuzz(func(t *testing.T, from, to, term string, known int64) {
		if known < 0 || known > 1<<40 || len(term) > 12 {
			t.Skip("no pod knows of such a term")
		}
		decided := map[string]string{plan.StateCoordinator: from, plan.StateTerm: term}
		merged := decision(decided, map[string]string{plan.StateCoordinator: to}, known, time.Unix(1000, 0))
		last, _ := strconv.ParseInt(term, 10, 64)
		if got, err := strconv.ParseInt(merged[plan.StateTerm], 10, 64); from != to && (err != nil || got <= max(last, known)) {
			t.Errorf("from term %q, and %d known, came %q", term, known, merged[plan.StateTerm])
		}
		if merged[plan.StateCoordinator] != to || decided[plan.StateCoordinator] != from {
			t.Errorf("%v became %v", decided, merged)
		}
	})
}
