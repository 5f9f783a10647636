package capacity

import (
	"context"
	"fmt"
	"math"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// survey is what a user may see of nodes and storage. gpk needs no right beyond its namespace, so what is forbidden is nil
// here, and no error.
type survey struct {
	kube    *kube.Client
	nodes   []corev1.Node
	running []corev1.Pod
	// onlyHere: pods of other namespaces could not be seen.
	onlyHere bool
	classes  []storagev1.StorageClass
	volumes  []corev1.PersistentVolume
	claims   map[string]*corev1.PersistentVolumeClaim
	quotas   []corev1.ResourceQuota
	// limits are of the namespace, and only looked at where there are quotas.
	limits []corev1.LimitRange
	// faults are reasons that looking at the survey itself brought up.
	faults []string
}

func newSurvey(ctx context.Context, k *kube.Client, sets []*appsv1.StatefulSet) (*survey, error) {
	s := &survey{kube: k, claims: map[string]*corev1.PersistentVolumeClaim{}}
	claims, err := k.API.CoreV1().PersistentVolumeClaims(k.Ref.Namespace).List(ctx, k.ListOptions())
	if err != nil {
		return nil, fmt.Errorf("volume claims: %w", err)
	}
	for i := range claims.Items {
		s.claims[claims.Items[i].Name] = &claims.Items[i]
	}
	for _, look := range []func(context.Context, []*appsv1.StatefulSet) error{
		s.seeClasses, s.seeVolumes, s.seeQuotas, s.seeNodes, s.seePods,
	} {
		if err := look(ctx, sets); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *survey) seeClasses(ctx context.Context, _ []*appsv1.StatefulSet) error {
	list, err := s.kube.API.StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})
	if err == nil {
		s.classes = append([]storagev1.StorageClass{}, list.Items...)
	}
	return kube.UnlessForbidden("storage classes", err)
}

// seeVolumes looks at the volumes only if a claim has one.
func (s *survey) seeVolumes(ctx context.Context, sets []*appsv1.StatefulSet) error {
	wanted := false
	for _, claim := range s.claims {
		wanted = wanted || claim.Spec.VolumeName != ""
	}
	for _, set := range sets {
		for i := range set.Spec.VolumeClaimTemplates {
			wanted = wanted || s.class(&set.Spec.VolumeClaimTemplates[i]) != classThere
		}
	}
	if !wanted {
		return nil
	}
	list, err := s.kube.API.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err == nil {
		s.volumes = append([]corev1.PersistentVolume{}, list.Items...)
	}
	return kube.UnlessForbidden("volumes", err)
}

func (s *survey) seeNodes(ctx context.Context, _ []*appsv1.StatefulSet) error {
	list, err := s.kube.API.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err == nil {
		s.nodes = append([]corev1.Node{}, list.Items...)
	}
	return kube.UnlessForbidden("nodes", err)
}

// seePods looks at the pods that hold something on the nodes. Those of a lower priority than ours hold nothing: the
// scheduler pushes them aside.
func (s *survey) seePods(ctx context.Context, sets []*appsv1.StatefulSet) error {
	if s.nodes == nil {
		return nil
	}
	unfinished := metav1.ListOptions{FieldSelector: "status.phase!=Succeeded,status.phase!=Failed"}
	list, err := s.kube.API.CoreV1().Pods(metav1.NamespaceAll).List(ctx, unfinished)
	if apierrors.IsForbidden(err) {
		s.onlyHere = true
		list, err = s.kube.API.CoreV1().Pods(s.kube.Ref.Namespace).List(ctx, unfinished)
	}
	if err != nil {
		return fmt.Errorf("pods: %w", err)
	}
	rank, err := s.rank(ctx, sets)
	for i := range list.Items {
		pod := &list.Items[i]
		ours := pod.Namespace == s.kube.Ref.Namespace && plan.ClusterOf(pod) == s.kube.Ref.Name
		if ours || pod.Spec.Priority == nil || *pod.Spec.Priority >= rank {
			s.running = append(s.running, *pod)
		}
	}
	return err
}

// rank is the priority below which pods make room for ours. Where it may not be read, all others are taken to, since a no
// must be certain.
func (s *survey) rank(ctx context.Context, sets []*appsv1.StatefulSet) (int32, error) {
	rank, asked := int32(0), map[string]bool{"": true}
	for _, set := range sets {
		name := set.Spec.Template.Spec.PriorityClassName
		if asked[name] {
			continue
		}
		asked[name] = true
		class, err := s.kube.API.SchedulingV1().PriorityClasses().Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsForbidden(err):
			rank = math.MaxInt32
		case apierrors.IsNotFound(err):
			s.faults = append(s.faults, fmt.Sprintf("the priority class %q is missing, so no pod of %s can be made", name, set.Name))
		case err != nil:
			return 0, fmt.Errorf("priority class: %w", err)
		case class.PreemptionPolicy == nil || *class.PreemptionPolicy != corev1.PreemptNever:
			rank = max(rank, class.Value)
		}
	}
	return rank, nil
}

// unseen says in one line what could not be looked at.
func (s *survey) unseen() []string {
	switch {
	case s.nodes == nil:
		return []string{"whether the nodes have room was not checked: you may not list nodes"}
	case s.onlyHere:
		return []string{"whether the nodes have room was checked without what runs in other namespaces: you may not list their pods"}
	}
	return nil
}
