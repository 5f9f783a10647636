package localvolume

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// annProvisioner is on every claim that a provisioner was asked to answer.
const annProvisioner = "volume.kubernetes.io/storage-provisioner"

// Expand grants every larger size that a bound claim of the provisioner asks
// for, until ctx ends. A folder has no size to change: only the API server's word
// for it does, which Kubernetes leaves to whoever made the volume. Which classes
// allow it, the API server knows.
func Expand(ctx context.Context, clients kubernetes.Interface, provisioner string) error {
	factory := informers.NewSharedInformerFactory(clients, time.Minute)
	grant := func(o any) {
		claim, ok := o.(*v1.PersistentVolumeClaim)
		if !ok || claim.Annotations[annProvisioner] != provisioner || !wantsMore(claim) {
			return
		}
		if err := expand(ctx, clients, claim); err != nil {
			klog.ErrorS(err, "Claim is not expanded", "claim", klog.KObj(claim)) // tried again within a minute
		}
	}
	_, err := factory.Core().V1().PersistentVolumeClaims().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    grant,
		UpdateFunc: func(_, o any) { grant(o) },
	})
	if err != nil {
		return fmt.Errorf("watch claims: %w", err)
	}
	factory.Start(ctx.Done())
	return nil
}

func wantsMore(claim *v1.PersistentVolumeClaim) bool {
	has, known := claim.Status.Capacity[v1.ResourceStorage]
	wants := claim.Spec.Resources.Requests[v1.ResourceStorage]
	return claim.Status.Phase == v1.ClaimBound && known && wants.Cmp(has) > 0
}

// expand changes the volume first, as the claim may promise no more than it has.
func expand(ctx context.Context, clients kubernetes.Interface, claim *v1.PersistentVolumeClaim) error {
	size := claim.Spec.Resources.Requests[v1.ResourceStorage]
	if _, err := clients.CoreV1().PersistentVolumes().Patch(ctx, claim.Spec.VolumeName, types.MergePatchType,
		capacity("spec", size), metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("expand the volume: %w", err)
	}
	if _, err := clients.CoreV1().PersistentVolumeClaims(claim.Namespace).Patch(ctx, claim.Name, types.MergePatchType,
		capacity("status", size), metav1.PatchOptions{}, "status"); err != nil {
		return fmt.Errorf("expand the claim: %w", err)
	}
	return nil
}

func capacity(part string, size resource.Quantity) []byte {
	patch, err := json.Marshal(map[string]any{part: map[string]any{"capacity": map[string]string{"storage": size.String()}}})
	if err != nil {
		panic(err) // maps of strings
	}
	return patch
}
