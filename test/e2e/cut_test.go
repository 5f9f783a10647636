//go:build e2e

package e2e

import (
	"maps"
	"regexp"
	"slices"
	"sync"
	"testing"
)

// TestExecCut cuts the stream over which gpk follows gpinitsystem, again and again, as a load balancer does that thinks it idle.
// gpk goes on by itself, with the same gpinitsystem.
func TestExecCut(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	p, kubeconfig := c.proxied(nil, nil)
	creating := c.startAs(kubeconfig, "-n", c.namespace, "create", "-f", c.file)
	c.freeze()
	const follow = "job.sh follow gpinitsystem"
	for range 3 {
		var before int
		c.eventually("the stream is there to be cut", func() (bool, error) {
			before = p.opened(follow)
			return p.cut(follow) == 1, nil
		})
		c.eventually("gpinitsystem is followed again", func() (bool, error) { return p.opened(follow) > before, nil })
	}
	c.thaw()
	creating.wait().want(t, 0)
	c.wantWhole(small())
	c.wantInitialisedOnce()
}

// kind is what there is one of for each thing that gpk asks of pods: the script and its verb, or the program.
var kind = regexp.MustCompile(`/gpk/scripts/\S+( [a-z][a-z.]*\b)*`)

// succeeded is what an API server says at the end of a stream: in one frame that the command has succeeded, and in the next one
// that all is said. It says so too where its own stream to the kubelet was cut.
var succeeded = append([]byte{0x82, byte(len(success))}, success+"\x88\x02\x03\xe8"...)

const success = "\x03" + `{"metadata":{},"status":"Success"}`

// TestAnswersCut keeps back the first answer of every kind of command, so that gpk cannot know whether the command was carried
// out. Some it asks again; else create says what to type, and typed often enough that makes the cluster.
func TestAnswersCut(t *testing.T) {
	for title, lastWords := range map[string][]byte{"cut": nil, "as-if-done": succeeded} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, small())
			var mutex sync.Mutex
			cut := map[string]bool{}
			_, kubeconfig := c.proxied(func(command string) bool {
				mutex.Lock()
				defer mutex.Unlock()
				command = kind.FindString(command)
				first := !cut[command]
				cut[command] = true
				return first
			}, lastWords)
			create := func() result { return c.startAs(kubeconfig, "-n", c.namespace, "create", "-f", c.file).wait() }
			for r := create(); r.status != 0; r = create() {
				r.want(t, 1).says(t, "step ", "in pod demo-", "next:", "run the same command again")
				if len(c.runs) > len(cut) {
					t.Fatalf("create has failed %d times, and %d streams were cut", len(c.runs), len(cut))
				}
			}
			t.Logf("cut: %q", slices.Sorted(maps.Keys(cut)))
			c.wantWhole(small())
			c.wantInitialisedOnce()
		})
	}
}
