package capacity

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// The annotations that make a storage class the default; the second is of old clusters.
const (
	defaultClass     = "storageclass.kubernetes.io/is-default-class"
	betaDefaultClass = "storageclass.beta.kubernetes.io/is-default-class"
)

// classState is what is known of the storage class of a claim.
type classState int

const (
	classThere classState = iota
	classMissing
	noDefaultClass
)

func (s *survey) class(claim *corev1.PersistentVolumeClaim) classState {
	name := claim.Spec.StorageClassName
	switch {
	case s.classes == nil, name != nil && *name == "":
		// Not to be seen, or a volume without a class, which somebody has made by hand.
		return classThere
	case name == nil:
		if slices.ContainsFunc(s.classes, isDefault) {
			return classThere
		}
		return noDefaultClass
	case slices.ContainsFunc(s.classes, func(c storagev1.StorageClass) bool { return c.Name == *name }):
		return classThere
	}
	return classMissing
}

func isDefault(c storagev1.StorageClass) bool {
	return c.Annotations[defaultClass] == "true" || c.Annotations[betaDefaultClass] == "true"
}

// storage says which volumes the missing pods cannot get, and what is not certain of that.
func (s *survey) storage(missing []wantedPod) (reasons, notes []string) {
	reasons = slices.Clone(s.faults)
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

// classFault is certain unless volumes of a class that is not there may have been made by hand.
func (s *survey) classFault(claim *corev1.PersistentVolumeClaim) (reason string, certain bool) {
	switch s.class(claim) {
	case noDefaultClass:
		return "no storage class is the default: name one in storage.className; " + s.classNames(), true
	case classMissing:
		name := *claim.Spec.StorageClassName
		if slices.ContainsFunc(s.volumes, func(v corev1.PersistentVolume) bool { return v.Spec.StorageClassName == name }) {
			return "", true
		}
		return fmt.Sprintf("the storage class %q is missing; %s", name, s.classNames()), s.volumes != nil
	}
	return "", true
}

func (s *survey) classNames() string {
	var names []string
	for _, class := range s.classes {
		name := class.Name
		if isDefault(class) {
			name += " (the default)"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "there is none at all"
	}
	return "there are: " + strings.Join(names, ", ")
}

// bound are the nodes that the volumes of the missing pods can be reached from, for those that have a volume.
func (s *survey) bound(missing []wantedPod) map[string]*corev1.NodeSelector {
	volumes := map[string]*corev1.PersistentVolume{}
	for i := range s.volumes {
		volumes[s.volumes[i].Name] = &s.volumes[i]
	}
	bound := map[string]*corev1.NodeSelector{}
	for _, pod := range missing {
		for _, template := range pod.claims {
			claim := s.claims[template.Name+"-"+pod.name]
			if claim == nil || volumes[claim.Spec.VolumeName] == nil {
				continue
			}
			if affinity := volumes[claim.Spec.VolumeName].Spec.NodeAffinity; affinity != nil && affinity.Required != nil {
				bound[pod.name] = affinity.Required
			}
		}
	}
	return bound
}
