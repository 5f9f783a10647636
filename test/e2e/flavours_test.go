//go:build e2e

package e2e

import (
	"path"
	"strings"
	"testing"
)

// TestFlavours makes clusters of images that are laid out as those of Greenplum's relatives: the installation lies elsewhere and belongs
// to somebody else, its environment script has another name or prints greetings, and the image's language is another one.
func TestFlavours(t *testing.T) {
	if len(shared.flavours) == 0 {
		t.Skip("GPK_TEST_FLAVOURS names no images")
	}
	for _, image := range shared.flavours {
		t.Run(strings.ReplaceAll(path.Base(image), ":", "-"), func(t *testing.T) {
			t.Parallel()
			s := shape{primaries: 1, mirrors: true, standby: true, image: image}
			c := newCluster(t, s)
			created := c.gpk("create", "-f", c.file).want(t, 0)
			product, version := c.wantOwnWords(image)
			created.says(t, "the database of the image "+image+" calls itself "+product)
			c.wantRelease(s, version)
			c.wholeStatus()
			c.sql("analytics", "create table sales (id int); insert into sales select generate_series(1, 500)")

			c.in("demo-mirror-0", killInstance, "/greenplum/mirror/gpseg0")
			c.gpk("recover").want(t, 0)
			s.primaries++
			c.gpk("expand", "--segments", "2").want(t, 0)
			c.wantOnAll("sales", 500, c.wantWhole(s))
			c.wholeStatus()
			c.gpk("delete", "--cluster", name, "--delete-data", "--yes").want(t, 0)
		})
	}
}

// wantOwnWords wants the answer of a program that runs over ssh to be that program's alone. It returns the database's name and release.
func (c *cluster) wantOwnWords(image string) (product, version string) {
	c.t.Helper()
	_, version, _ = strings.Cut(path.Base(image), ":")
	answer := c.in(coordinator, environment+`ssh "$1" postgres --gp-version`, "demo-primary-0")
	before, after, found := strings.Cut(strings.TrimPrefix(answer, "postgres ("), ") ")
	if !found || after != version+" build standin" || strings.Contains(before, "\n") {
		c.t.Fatalf("over ssh postgres says %q", answer)
	}
	return before, version
}
