package capacity

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/kube"
)

// The annotations that make a storage class the default; the second is of old clusters.
const (
	defaultClass     = "storageclass.kubernetes.io/is-default-class"
	betaDefaultClass = "storageclass.beta.kubernetes.io/is-default-class"
)

// storage is what volumes there are and can be made, as far as the user may see that. nil is what they may not list.
type storage struct {
	classes []storagev1.StorageClass
	volumes []corev1.PersistentVolume
	// claims are the cluster's, by name.
	claims map[string]*corev1.PersistentVolumeClaim
}

// readStorage reads the volumes only if a claim has one, or a class is missing.
func readStorage(ctx context.Context, k *kube.Client, sets []*appsv1.StatefulSet) (s storage, err error) {
	claims, err := k.API.CoreV1().PersistentVolumeClaims(k.Ref.Namespace).List(ctx, k.ListOptions())
	if err != nil {
		return s, fmt.Errorf("volume claims: %w", err)
	}
	classes, err := k.API.StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})
	if err == nil {
		s.classes = append([]storagev1.StorageClass{}, classes.Items...)
	} else if err := kube.UnlessForbidden("storage classes", err); err != nil {
		return s, err
	}
	needVolumes := false
	s.claims = map[string]*corev1.PersistentVolumeClaim{}
	for i := range claims.Items {
		s.claims[claims.Items[i].Name] = &claims.Items[i]
		needVolumes = needVolumes || claims.Items[i].Spec.VolumeName != ""
	}
	for _, set := range sets {
		for i := range set.Spec.VolumeClaimTemplates {
			fault, _ := s.classFault(&set.Spec.VolumeClaimTemplates[i])
			needVolumes = needVolumes || fault != ""
		}
	}
	if !needVolumes {
		return s, nil
	}
	volumes, err := k.API.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err == nil {
		s.volumes = append([]corev1.PersistentVolume{}, volumes.Items...)
	}
	return s, kube.UnlessForbidden("volumes", err)
}

func isDefault(c storagev1.StorageClass) bool {
	return c.Annotations[defaultClass] == "true" || c.Annotations[betaDefaultClass] == "true"
}

// faults says which volumes the missing pods cannot get. Notes are uncertain.
func (s *storage) faults(missing []wantedPod) (reasons, notes []string) {
	told := map[string]bool{}
	for _, pod := range missing {
		for i := range pod.claims {
			template := &pod.claims[i]
			name := template.Name + "-" + pod.name
			reason, certain := "", true
			if claim := s.claims[name]; claim == nil {
				reason, certain = s.classFault(template)
			} else if claim.Status.Phase == corev1.ClaimLost {
				reason = "the volume of the claim " + name + " is lost"
			}
			switch {
			case reason == "" || told[reason]:
			case certain:
				reasons = append(reasons, reason)
			default:
				notes = append(notes, reason)
			}
			told[reason] = true
		}
	}
	return reasons, notes
}

// classFault is why a claim gets no volume of its class, "" if nothing is known against it. It is uncertain if somebody may have made
// volumes of a missing class by hand.
func (s *storage) classFault(claim *corev1.PersistentVolumeClaim) (reason string, certain bool) {
	name := claim.Spec.StorageClassName
	switch {
	case s.classes == nil, name != nil && *name == "":
		// The user may not list classes, or the volume has no class and was made by hand.
		return "", true
	case name == nil && slices.ContainsFunc(s.classes, isDefault):
		return "", true
	case name == nil:
		return "no storage class is the default: name one in storage.className; " + s.classNames(), true
	case slices.ContainsFunc(s.classes, func(c storagev1.StorageClass) bool { return c.Name == *name }),
		slices.ContainsFunc(s.volumes, func(v corev1.PersistentVolume) bool { return v.Spec.StorageClassName == *name }):
		return "", true
	}
	return fmt.Sprintf("the storage class %q is missing; %s", *name, s.classNames()), s.volumes != nil
}

func (s *storage) classNames() string {
	var names []string
	for _, class := range s.classes {
		name := class.Name
		if isDefault(class) {
			name += " (the default)"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "the Kubernetes cluster has none"
	}
	return "there are: " + strings.Join(names, ", ")
}

// bound are the nodes that can mount the volumes of the missing pods, for pods that have a volume.
func (s *storage) bound(missing []wantedPod) map[string]*corev1.NodeSelector {
	required := map[string]*corev1.NodeSelector{}
	for i := range s.volumes {
		if affinity := s.volumes[i].Spec.NodeAffinity; affinity != nil {
			required[s.volumes[i].Name] = affinity.Required
		}
	}
	bound := map[string]*corev1.NodeSelector{}
	for _, pod := range missing {
		for _, template := range pod.claims {
			if claim := s.claims[template.Name+"-"+pod.name]; claim != nil && required[claim.Spec.VolumeName] != nil {
				bound[pod.name] = required[claim.Spec.VolumeName]
			}
		}
	}
	return bound
}
