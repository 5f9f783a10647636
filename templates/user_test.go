package templates_test

import (
	"os"
	"strings"
	"testing"
)

// The pod's user has the name and the home that Greenplum's utilities look up, whatever its numbers are.
func TestUser(t *testing.T) {
	for name, test := range map[string]struct{ uid, gid, group string }{
		"cluster.yaml's":        {"1001", "100", "gpadmin:x:100:\n"},
		"assigned by OpenShift": {"1000650000", "0", ""},
	} {
		p := newPod(t)
		p.fake("id", "case $1 in -u) echo "+test.uid+" ;; -g) echo "+test.gid+" ;; esac")
		if err := os.MkdirAll(p.path("gpk/user"), 0o700); err != nil {
			t.Fatal(err)
		}
		// A node that starts again runs init containers once more.
		p.must(nil, "user.sh")
		p.must(nil, "user.sh")
		user := "gpadmin:x:" + test.uid + ":" + test.gid + ":Greenplum:/home/gpadmin:/bin/bash\n"
		users, groups := p.read("gpk/user/passwd"), p.read("gpk/user/group")
		if strings.Count(users, "gpadmin:x:") != 1 || !strings.Contains(users, user) || !strings.Contains(users, "\nsshd:x:") {
			t.Errorf("%s: users %q", name, users)
		}
		if !strings.HasPrefix(groups, "root:x:0:\n"+test.group+"tty:x:5:\n") {
			t.Errorf("%s: groups %q", name, groups)
		}
		for folder, want := range map[string]os.FileMode{"home": 0o700, "tmp": 0o777 | os.ModeSticky} {
			if info, err := os.Stat(p.path("gpk/user/" + folder)); err != nil || info.Mode()&^os.ModeDir&^os.ModeSetgid != want {
				t.Errorf("%s: %s has the mode %s, %v", name, folder, info.Mode(), err)
			}
		}
	}
}
