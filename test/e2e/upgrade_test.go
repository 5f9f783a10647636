//go:build e2e

package e2e

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// present is the release of the suite's image, and next one with the same catalogue version: GPK_TEST_NEXT.
func present() string { return shared.image[strings.LastIndex(shared.image, ":")+1:] }

func next() string { return cmp.Or(os.Getenv("GPK_TEST_NEXT"), "7.2.0") }

// released is the suite's image in another release. The stand-in has 7.2.0 with the catalogue version of 7.1.0, and 8.0.0 with
// another.
func released(version string) string {
	return shared.image[:strings.LastIndex(shared.image, ":")+1] + version
}

// TestUpgrade goes to another release and back while a client writes. One with another catalogue version is refused.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 1, mirrors: true, standby: true}
	c := newCluster(t, s)
	c.gpk("create", "-f", c.file).want(t, 0)
	w := c.writes()
	before := c.settled()
	c.gpk("upgrade", "--version", next(), "--dry-run").want(t, 3)
	c.wantSame(before)
	pods := c.uids()
	if strings.Contains(shared.image, "standin") {
		c.gpk("upgrade", "--version", "8.0.0").want(t, 1).says(t, "catalogue version", "major upgrade", "nothing was changed")
		c.gpk("upgrade", "--version", "7.3.0", "--image", released("8.0.0")).want(t, 1).says(t, "catalogue version", "major upgrade", "nothing was changed")
		c.gpk("upgrade", "--version", "7.3.0", "--image", released(next())).want(t, 1).says(t, "release "+next(), "--image")
	}
	// What was refused is in the journal only.
	if now := c.uids(); !maps.Equal(now, pods) {
		t.Errorf("there are the pods %v, and there were %v", now, pods)
	}
	c.wantNoDifferences(c.file)

	r := c.gpk("upgrade", "--version", next(), "-o", "json").want(t, 0)
	var answer struct{ DowntimeSeconds float64 }
	if err := json.Unmarshal([]byte(r.stdout), &answer); err != nil || answer.DowntimeSeconds <= 0 {
		t.Errorf("%v, a downtime of %.1f s in %s", err, answer.DowntimeSeconds, r.stdout)
	}
	c.wantRelease(s, next())
	if r := c.gpk("upgrade", "--version", next()).want(t, 0); !strings.Contains(r.stdout, "no changes") {
		t.Errorf("the same again: %s", r.stdout)
	}
	c.wantNoDifferences(c.changed("next.yaml", strconv.Quote(present()), strconv.Quote(next()), shared.image, released(next())))

	c.gpk("upgrade", "--rollback").want(t, 0)
	c.wantRelease(s, present())
	if r := c.gpk("upgrade", "--rollback").want(t, 0); !strings.Contains(r.stdout, "no upgrade to undo") {
		t.Errorf("taken back again: %s", r.stdout)
	}
	c.wantNoDifferences(c.file)
	w.wantAll()
}

// TestUpgradeFallsBack has the new image not start, and then start where the coordinator acts in the standby's pod.
func TestUpgradeFallsBack(t *testing.T) {
	long(t)
	t.Parallel()
	s := shape{primaries: 1, mirrors: true, standby: true}
	c := newCluster(t, s)
	// What bash reads before its script is on the volume, and refuses the start in the new image only.
	text, err := os.ReadFile(c.file)
	c.must(nil, err)
	c.must(nil, os.WriteFile(c.file, append(text, []byte("  podTemplate: {spec: {containers: [{name: greenplum, env: "+
		"[{name: BASH_ENV, value: /greenplum/refuse.sh}]}]}}\n")...), 0o600))
	c.gpk("create", "-f", c.file).want(t, 0)
	w := c.writes()
	c.in("demo-mirror-0", strings.Replace(`cat >/greenplum/refuse.sh <<'END'
unset BASH_ENV
case $0$(/usr/local/greenplum-db/bin/postgres --gp-version) in /gpk/scripts/start.sh*" RELEASE "*) echo "refused here" >&2; exit 7 ;; esac
END`, "RELEASE", next(), 1))
	c.gpk("upgrade", "--version", next()).want(t, 1).says(t, "demo-mirror-0", "refused here", "back as it was", "the database was down for")
	c.wantRelease(s, present())
	c.wantNoDifferences(c.file)
	c.gpk("upgrade", "--rollback").want(t, 0)

	c.in("demo-mirror-0", "rm /greenplum/refuse.sh")
	c.gpk("failover", "--force").want(t, 0)
	c.gpk("upgrade", "--version", next()).want(t, 0)
	c.wantImage(next())
	w.wantAll()
	if status := c.wholeStatus(); status.Coordinator != "demo-coordinator-1" {
		t.Errorf("the coordinator acts in pod %s", status.Coordinator)
	}
}

// TestUpgradeKilled kills gpk in the maintenance window: once to take the upgrade back, and once to go on with it.
func TestUpgradeKilled(t *testing.T) {
	long(t)
	t.Parallel()
	s := shape{primaries: 1, mirrors: true, standby: true}
	c := newCluster(t, s)
	c.gpk("create", "-f", c.file).want(t, 0)
	w := c.writes()
	c.killedInWindow("upgrade", "--version", next())
	c.gpk("create", "-f", c.file).want(t, 1).says(t, "is unfinished", "gpk upgrade --version "+next(), "gpk upgrade --rollback")
	c.gpk("upgrade", "--rollback").want(t, 0)
	c.wantRelease(s, present())

	c.killedInWindow("upgrade", "--version", next())
	c.gpk("upgrade", "--version", next()).want(t, 0)
	c.wantRelease(s, next())
	w.wantAll()
}

// killedInWindow starts gpk and kills it when it has stopped the database.
func (c *cluster) killedInWindow(args ...string) {
	c.t.Helper()
	p := c.start(args...)
	c.patiently("the database is to be stopped", func() (bool, error) {
		state, err := shared.Client.CoreV1().ConfigMaps(c.namespace).Get(c.ctx, "demo-state", metav1.GetOptions{})
		return err == nil && state.Data["database"] == "stopped", err
	})
	p.signal(syscall.SIGKILL)
	p.wait().want(c.t, -1)
}

// wantRelease wants a whole cluster of a release, and nothing left of what has brought its image.
func (c *cluster) wantRelease(s shape, version string) {
	c.t.Helper()
	c.wantWhole(s)
	c.wantImage(version)
}

func (c *cluster) wantImage(version string) {
	c.t.Helper()
	pods, err := shared.Client.CoreV1().Pods(c.namespace).List(c.ctx, metav1.ListOptions{})
	c.must(nil, err)
	for _, pod := range pods.Items {
		if !strings.HasPrefix(pod.Name, "demo-") || strings.HasPrefix(pod.Name, "demo-image-") || pod.Status.Phase != corev1.PodRunning {
			c.t.Errorf("pod %s is there, %s", pod.Name, pod.Status.Phase)
		} else if out := c.in(pod.Name, environment+"postgres --gp-version"); !strings.Contains(out, ") "+version) {
			c.t.Errorf("pod %s runs %s instead of %s", pod.Name, out, version)
		}
	}
}
