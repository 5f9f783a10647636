// Package tls owns the steps about the certificate that clients see: the look into the user's Secret, the Secret that gpk makes, and
// whether the coordinator and the standby show what is in it.
package tls

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/certificates"
	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// Register adds the handlers of the certificate that clients see.
func Register(r engine.Handlers, k *kube.Client, p *pods.Pods, db *database.Database) {
	engine.Handle(r, func(a plan.GivenCertificate) engine.Handler { return &givenHandler{kube: k, action: a} })
	engine.Handle(r, func(a plan.SelfSigned) engine.Handler { return &selfSignedHandler{k, a} })
	engine.Handle(r, func(a plan.Served) engine.Handler { return &servedHandler{k, p, db, a, arrivalPatience} })
}

// secretOf is a Secret of the namespace, nil if it is missing.
func secretOf(ctx context.Context, k *kube.Client, name string) (*corev1.Secret, error) {
	found, err := k.API.CoreV1().Secrets(k.Ref.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the certificate in Secret %s: %w", name, err)
	}
	return found, nil
}

func givenIn(data map[string][]byte) certificates.Given {
	return certificates.Given{Certificate: data[plan.TLSCertificate], Key: data[plan.TLSKey], Authority: data[plan.TLSAuthority]}
}

// givenHandler looks into the user's Secret before gpk makes or changes anything. It changes nothing.
type givenHandler struct {
	engine.Nothing
	kube   *kube.Client
	action plan.GivenCertificate
}

func (h *givenHandler) Check(ctx context.Context) (engine.Finding, error) {
	found, err := secretOf(ctx, h.kube, h.action.Secret)
	if err != nil {
		return engine.Finding{}, err
	}
	if found == nil {
		return engine.BlockedBy("Secret "+h.action.Secret+" with the certificate of clients does not exist",
			fmt.Sprintf("have cert-manager make it, or type: kubectl create secret generic %s -n %s --from-file=tls.crt --from-file=tls.key "+
				"--from-file=ca.crt", h.action.Secret, h.kube.Ref.Namespace)), nil
	}
	return h.judge(found.Data, time.Now()), nil
}

func (h *givenHandler) judge(data map[string][]byte, now time.Time) engine.Finding {
	leaf, faults := givenIn(data).Faults(now)
	var notes []string
	if first, err := certificates.First(data[plan.TLSCertificate]); err == nil {
		missing := certificates.Lacks(first, h.action.Names)
		service := certificates.Lacks(first, h.action.Service)
		if len(h.action.Names) == 0 && len(service) == len(h.action.Service) {
			missing = service
		}
		for _, name := range missing {
			faults = append(faults, "tls.crt is not for the name "+name)
		}
		if len(service) > 0 && len(missing) == 0 {
			notes = append(notes, "the certificate is not for "+engine.Few(service)+": clients that verify it cannot use these names")
		}
	}
	if len(faults) > 0 {
		details := make([]string, len(faults))
		for i, fault := range faults {
			details[i] = "Secret " + h.action.Secret + ": " + fault
		}
		return engine.Finding{State: engine.Blocked, Details: details, Next: engine.Next("correct the Secret and run this again")}
	}
	if ending := certificates.Ending("the certificate in Secret "+h.action.Secret, leaf, now); ending != "" {
		notes = append(notes, ending)
	}
	return engine.Finding{State: engine.Done, Details: notes}
}
