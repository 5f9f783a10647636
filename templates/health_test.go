package templates_test

import (
	"net"
	"slices"
	"strings"
	"testing"
)

// The coordinator's pod tells of itself, of a host that answers and of one that does not, and of a port on which nobody answers.
func TestHealth(t *testing.T) {
	p := newPod(t)
	port := listen(t, func(c net.Conn) {
		defer c.Close()
		request := make([]byte, 8)
		if _, err := c.Read(request); err == nil {
			_, _ = c.Write([]byte("S"))
		}
	})
	p.env = append(p.env, "HOSTNAME=demo-coordinator-0")
	p.fake("df", `printf '     Used      Avail\n 750 250\n'`)
	p.fake("ssh", `case "$*" in
*127.0.0.1*) echo "profile says hello"; echo gpk-begins; echo "disk 100 7"; echo "log /greenplum/primary/gpseg0 33" ;;
*) exit 255 ;;
esac`)
	p.write("greenplum/coordinator/gpseg-1/pg_wal/000000010000000000000001", strings.Repeat("x", 5000))
	input := "demo-coordinator-0\n127.0.0.1 " + port + " 1\ndemo-mirror-0.demo\nend\n"
	got := strings.Split(strings.TrimSuffix(p.must([]byte(input), "health.sh", "look"), "\n"), "\n")
	for i, line := range got {
		if its := p.path("greenplum/coordinator/gpseg-1"); strings.HasPrefix(line, "demo-coordinator-0 log "+its+" ") {
			got[i] = "demo-coordinator-0 log"
		}
	}
	slices.Sort(got)
	want := []string{"127.0.0.1 closed 1", "127.0.0.1 disk 100 7", "127.0.0.1 log /greenplum/primary/gpseg0 33", "demo-coordinator-0 disk 1000 250",
		"demo-coordinator-0 log", "demo-mirror-0.demo silent", "end"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if r := p.run([]byte("demo-coordinator-0\n"), "health.sh", "look"); r.status == 0 {
		t.Errorf("a list that was cut off is taken for a whole one: %q", r.out)
	}
}
