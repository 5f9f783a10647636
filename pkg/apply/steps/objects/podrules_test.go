package objects

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
	"gpk/test/apitest"
)

// A rule on pods lets the StatefulSets pass. gpk knows before it makes or stops anything, with the server's reason.
func TestAdmissiblePods(t *testing.T) {
	const refuses = "the API server refuses the pods of StatefulSet/demo-primary: "
	const ratio = "memory max limit to request ratio per Container is 1, but provided ratio is 2.000000"
	const policy = "ValidatingAdmissionPolicy 'team' with binding 'team' denied request: no team"
	const quota = "exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2"
	const noAccount = "error looking up service account analytics/demo: serviceaccount \"demo\" not found"
	refusal := func(words string) func(*corev1.Pod) error {
		return func(pod *corev1.Pod) error {
			return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, pod.Name, errors.New(words))
		}
	}
	for name, test := range map[string]struct {
		answer func(*corev1.Pod) error
		// exist: all pods are there.
		exist bool
		state engine.State
		says  string
	}{
		"taken":                     {func(*corev1.Pod) error { return nil }, false, engine.Done, ""},
		"a LimitRange":              {refusal(ratio), true, engine.Blocked, refuses + ratio},
		"a policy":                  {refusal(policy), false, engine.Blocked, refuses + policy},
		"a quota":                   {refusal(quota), false, engine.Blocked, refuses + quota},
		"a quota that is used":      {refusal(quota), true, engine.Done, ""},
		"a quota not yet known":     {refusal("status unknown for quota: small"), false, engine.Done, ""},
		"no right to it":            {refusal(`User "weak" cannot create resource "pods"`), false, engine.Done, "gpk did not check whether the API server takes the pods: "},
		"no account yet":            {unlessAccount(refusal(noAccount), nil), false, engine.Done, ""},
		"no account yet, a policy":  {unlessAccount(refusal(noAccount), refusal(policy)), false, engine.Blocked, refuses + policy},
		"no account, and one wants": {unlessAccount(refusal(noAccount), refusal("the account default is for nobody")), false, engine.Done, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := apitest.New()
			sets := admissibleSets(t)
			for _, set := range sets {
				set.Spec.Template.Spec.DeprecatedServiceAccount = set.Spec.Template.Spec.ServiceAccountName
			}
			if test.exist {
				for _, set := range sets {
					for _, name := range pods.Of(set) {
						a.Put(apitest.Pod(name, apitest.Runs(), true))
					}
				}
			}
			before := len(a.Names("pods"))
			a.Admit = func(object plan.Object) error {
				pod, ok := object.(*corev1.Pod)
				if !ok || pod.Labels[plan.ComponentLabel] != "primary" {
					return nil
				}
				if !hasVolumes(pod) {
					t.Errorf("no pod of a StatefulSet: %+v", pod)
				}
				return test.answer(pod)
			}
			finding, err := admissibleOn(t, a, plan.Admissible{Sets: sets}).Check(t.Context())
			said := strings.Join(finding.Details, "\n")
			if err != nil || finding.State != test.state || !strings.HasPrefix(said, test.says) || (test.says == "") != (said == "") {
				t.Errorf("%s: %q, error %v", finding.State, said, err)
			}
			if blocked := test.state == engine.Blocked; blocked && !strings.HasPrefix(finding.Next.String(), "nothing was changed: ") {
				t.Errorf("next: %q", finding.Next)
			}
			if len(a.Names("pods")) != before || len(a.Names("statefulsets")) > 0 {
				t.Error("a dry run has made something")
			}
		})
	}
}

// A namespace with users of its own refuses others. Only a cluster that is not made yet can have another one.
func TestAdmissibleUsers(t *testing.T) {
	const refusal = "unable to validate against any security context constraint: spec.securityContext.fsGroup: Invalid value: [1000]"
	for made, want := range map[bool]string{
		false: "nothing was changed: give spec.user in cluster.yaml a user that the namespace allows, or `assigned: true`",
		true:  "nothing was changed: correct cluster.yaml, or the rule",
	} {
		a := apitest.New()
		a.Admit = func(object plan.Object) error {
			if pod, ok := object.(*corev1.Pod); ok {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, pod.Name, errors.New(refusal))
			}
			return nil
		}
		finding, err := admissibleOn(t, a, plan.Admissible{Sets: admissibleSets(t), Made: made}).Check(t.Context())
		if err != nil || finding.State != engine.Blocked || !strings.HasPrefix(finding.Next.String(), want) {
			t.Errorf("made %t: %s: %q, error %v", made, finding.State, finding.Next, err)
		}
	}
}

// unlessAccount is the first answer for a pod with an account of its own, and the second for others.
func unlessAccount(own, other func(*corev1.Pod) error) func(*corev1.Pod) error {
	return func(pod *corev1.Pod) error {
		switch {
		case pod.Spec.ServiceAccountName != "" || pod.Spec.DeprecatedServiceAccount != "":
			return own(pod)
		case other != nil:
			return other(pod)
		}
		return nil
	}
}

// hasVolumes says whether a pod has every volume that its containers mount.
func hasVolumes(pod *corev1.Pod) bool {
	volumes := map[string]bool{}
	for _, volume := range pod.Spec.Volumes {
		volumes[volume.Name] = true
	}
	for _, mount := range pod.Spec.Containers[0].VolumeMounts {
		if !volumes[mount.Name] {
			return false
		}
	}
	return true
}
