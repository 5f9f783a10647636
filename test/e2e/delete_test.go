//go:build e2e

package e2e

import (
	"strings"
	"syscall"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestDelete takes a cluster away without its data, makes it again around that data, and takes all away at last.
func TestDelete(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	empty := c.objects()
	c.gpk("create", "-f", c.file).want(t, 0)
	c.sql("analytics", "create table kept (id int)")
	c.sql("analytics", "insert into kept select generate_series(1, 300)")
	claims := c.claims()

	c.gpk("delete").want(t, 0)
	for _, object := range added(empty, c.objects()) {
		if !strings.HasPrefix(object, "PersistentVolumeClaim/") {
			t.Errorf("%s has outlived its cluster", object)
		}
	}
	c.wantClaims(claims)

	c.gpk("create", "-f", c.file).want(t, 0)
	c.wantClaims(claims)
	c.wantWhole(small())
	if rows := c.sql("analytics", "select count(*) from kept"); rows != "300" {
		t.Errorf("%s of 300 rows are left after delete and create", rows)
	}

	before := c.settled()
	c.gpk("delete", "--delete-data").want(t, 2).says(t, "--confirm demo")
	c.gpk("delete", "--delete-data", "--confirm", "another").want(t, 2)
	c.wantSame(before)

	c.gpk("delete", "--delete-data", "--confirm", name).want(t, 0)
	if left := added(empty, c.objects()); len(left) > 0 {
		t.Errorf("delete --delete-data has left %s", strings.Join(left, ", "))
	}
	c.gpk("delete", "--cluster", name, "--delete-data", "--confirm", name).want(t, 0)
}

// TestDeleteDataLater deletes the data of a cluster that was taken away before, when only its volumes are left.
func TestDeleteDataLater(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	empty := c.objects()
	first := c.start("create", "-f", c.file)
	c.freeze()
	first.signal(syscall.SIGKILL)
	first.wait()
	// gpinitsystem is under way, and goes with its pod.
	c.gpk("delete").want(t, 0)
	if len(c.claims()) == 0 {
		t.Error("delete has taken the volumes as well")
	}
	c.gpk("delete", "--delete-data", "--confirm", name).want(t, 0)
	if left := added(empty, c.objects()); len(left) > 0 {
		t.Errorf("delete --delete-data has left %s", strings.Join(left, ", "))
	}
}

// claims are the UIDs of the volume claims, by name.
func (c *cluster) claims() map[string]types.UID {
	c.t.Helper()
	list, err := shared.Client.CoreV1().PersistentVolumeClaims(c.namespace).List(c.ctx, metav1.ListOptions{})
	c.must(nil, err)
	claims := map[string]types.UID{}
	for _, claim := range list.Items {
		claims[claim.Name] = claim.UID
	}
	return claims
}

// wantClaims fails the test if a claim is gone, replaced, or being deleted.
func (c *cluster) wantClaims(before map[string]types.UID) {
	c.t.Helper()
	list, err := shared.Client.CoreV1().PersistentVolumeClaims(c.namespace).List(c.ctx, metav1.ListOptions{})
	c.must(nil, err)
	kept := 0
	for _, claim := range list.Items {
		if claim.UID == before[claim.Name] && claim.DeletionTimestamp == nil {
			kept++
		}
	}
	if kept != len(before) || kept == 0 {
		c.t.Errorf("%d of %d volume claims are kept", kept, len(before))
	}
}
