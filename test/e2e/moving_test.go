//go:build e2e

package e2e

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// TestMovedVolumes takes the volumes of a cluster into another namespace, as docs/moving.md says, and creates the cluster there.
func TestMovedVolumes(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 1}
	from, to := newCluster(t, s), newCluster(t, s)
	from.gpk("create", "-f", from.file).want(t, 0)
	from.sql("postgres", "create table kept as select generate_series(1, 1000) as id")
	from.gpk("delete", "--cluster", "demo", "--yes").want(t, 0)
	claims, err := shared.Client.CoreV1().PersistentVolumeClaims(from.namespace).List(from.ctx, metav1.ListOptions{})
	from.must(nil, err)
	volumes := shared.Client.CoreV1().PersistentVolumes()
	patch := func(volume, spec string) {
		_, err := volumes.Patch(from.ctx, volume, types.StrategicMergePatchType, []byte(`{"spec":`+spec+`}`), metav1.PatchOptions{})
		from.must(nil, err)
	}
	for _, claim := range claims.Items {
		volume := claim.Spec.VolumeName
		patch(volume, `{"persistentVolumeReclaimPolicy":"Retain"}`)
		from.must(nil, shared.Client.CoreV1().PersistentVolumeClaims(from.namespace).Delete(from.ctx, claim.Name, metav1.DeleteOptions{}))
		patch(volume, fmt.Sprintf(`{"claimRef":{"namespace":%q,"name":%q,"uid":null,"resourceVersion":null}}`, to.namespace, claim.Name))
	}
	to.gpk("create", "-f", to.file).want(t, 0)
	if got := to.sql("postgres", "select count(*), sum(id) from kept"); got != "1000|500500" {
		t.Errorf("of the rows there are %s", got)
	}
	to.wantWhole(s)
	for _, claim := range claims.Items {
		patch(claim.Spec.VolumeName, `{"persistentVolumeReclaimPolicy":"Delete"}`)
	}
}
