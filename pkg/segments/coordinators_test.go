package segments

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseFollowing(t *testing.T) {
	got, err := ParseFollowing("instance running\nfollows yes\nreceived 0/0C067420\nstreamed 1700000000\nhosts 3 6\nend\n")
	want := Following{"running", true, "0/0C067420", time.Unix(1700000000, 0), 3, 6}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, out := range []string{"", "instance running\n", "streamed soon\nend\n", "hosts many\nend\n"} {
		if f, err := ParseFollowing(out); err == nil {
			t.Errorf("%q is %+v", out, f)
		}
	}
}

func TestParseAhead(t *testing.T) {
	got, err := ParseAhead("instance stopped\ncommit 0/0C0C6110 1700000000\ncommit 0/0C0C6310 0\nunreadable\nend\n")
	want := Ahead{"stopped", []Commit{{"0/0C0C6110", time.Unix(1700000000, 0)}, {"0/0C0C6310", time.Unix(0, 0)}}, true}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, out := range []string{"", "instance stopped\n", "commit 0/0 then\nend\n"} {
		if a, err := ParseAhead(out); err == nil {
			t.Errorf("%q is %+v", out, a)
		}
	}
}
