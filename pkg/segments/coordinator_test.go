package segments

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseFollowing(t *testing.T) {
	got, err := ParseFollowing("instance running\nfollows yes\nreceived 0/0C067420\nstreamed 1700000000\nheard 1700000003\nnow 1700000009\nend\n")
	want := Following{"running", true, "0/0C067420", time.Unix(1700000000, 0), time.Unix(1700000003, 0), time.Unix(1700000009, 0)}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if old, err := ParseFollowing("instance running\nfollows yes\nreceived 0/1\nstreamed 1700000000\nend\n"); err != nil || !old.Now.IsZero() || !old.Heard.IsZero() {
		t.Errorf("of older scripts: %+v, error %v", old, err)
	}
	for _, out := range []string{"", "instance running\n", "streamed soon\nend\n"} {
		if f, err := ParseFollowing(out); err == nil {
			t.Errorf("%q is %+v", out, f)
		}
	}
}

func TestParseHosts(t *testing.T) {
	if reached, tried, err := ParseHosts("3 6\n"); reached != 3 || tried != 6 || err != nil {
		t.Errorf("%d of %d, %v", reached, tried, err)
	}
	for _, out := range []string{"", "3\n", "many of all\n"} {
		if reached, tried, err := ParseHosts(out); err == nil {
			t.Errorf("%q is %d of %d", out, reached, tried)
		}
	}
}

func TestParseAhead(t *testing.T) {
	got, err := ParseAhead("instance stopped\ncommit 0/0C0C6110 1700000000\ncommit 0/0C0C6310 0\nunreadable\nend\n")
	want := Ahead{"stopped", []time.Time{time.Unix(1700000000, 0), time.Unix(0, 0)}, true}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, out := range []string{"", "instance stopped\n", "commit 0/0 then\nend\n"} {
		if a, err := ParseAhead(out); err == nil {
			t.Errorf("%q is %+v", out, a)
		}
	}
}
