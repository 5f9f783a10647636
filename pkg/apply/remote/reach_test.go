package remote

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A way that led nowhere is not tried for a while, is known since when it first did, and is forgotten once it leads somewhere.
func TestUnreachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, gone := &Ways{}, errors.New("no answer")
		exec, ssh := ByExec("p0"), BySSH("p0", "p1")
		began := time.Now()
		p.Note(exec, gone)
		if !errors.Is(p.Unreachable(exec), gone) || p.Unreachable(ssh) != nil || p.Unreachable(ByExec("p1")) != nil {
			t.Errorf("exec: %v, ssh: %v", p.Unreachable(exec), p.Unreachable(ssh))
		}
		time.Sleep(10 * time.Second)
		p.Note(ssh, gone)
		if since, known := p.UnreachableSince(exec, ssh); !known || since.Sub(began) != 10*time.Second {
			t.Errorf("unreachable by both since %s, %t", since.Sub(began), known)
		}
		p.TryAgain(ssh)
		if p.Unreachable(ssh) != nil {
			t.Error("a way that is to be tried again is not")
		}
		time.Sleep(unreachableHolds - 10*time.Second)
		if p.Unreachable(exec) != nil {
			t.Errorf("it is not tried after %s", time.Since(began))
		}
		p.Note(exec, gone)
		if since, _ := p.UnreachableSince(exec); !since.Equal(began) {
			t.Errorf("unreachable since %s after the first time", since.Sub(began))
		}
		p.Note(exec, nil)
		if _, known := p.UnreachableSince(exec); known || p.Unreachable(exec) != nil {
			t.Error("who answers is out of reach")
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
