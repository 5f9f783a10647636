package tls

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/certificates"
	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// arrivalPatience is how long a changed Secret may take to reach the pods: the kubelet looks once a minute, and then reads what it knew.
const arrivalPatience = 3 * time.Minute

// renewPause keeps gpk from having a pod look all the time.
const renewPause = 2 * time.Second

// servedHandler waits until the coordinator and the standby show clients the certificate of the Secret. Each pod takes a changed Secret
// into use by itself once its kubelet has brought it: gpk only has it look at once.
type servedHandler struct {
	kube     *kube.Client
	pods     *pods.Pods
	db       *database.Database
	action   plan.Served
	patience time.Duration
}

func (h *servedHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		wanted, _, err := h.wanted(ctx)
		if err != nil || wanted == nil {
			return engine.Finding{State: engine.Unknown, Details: []string{"Secret " + h.action.Secret + " is missing"}}, err
		}
		without, err := h.without(ctx)
		if err != nil {
			return engine.Finding{}, err
		}
		if len(without) > 0 {
			return engine.BlockedBy("these pods do not mount Secret "+h.action.Secret+", since they were made before: "+engine.Few(without),
				"recreate the pods while the database is down: ", plan.Gpk("stop", "--scale-to-zero"), ", then ", plan.Gpk("start")), nil
		}
		return engine.PendingIf(words(h.others(ctx, acting, wanted))), nil
	})
}

// wanted is the certificate of the Secret, nil if there is none, and the sum of its file.
func (h *servedHandler) wanted(ctx context.Context) (*x509.Certificate, string, error) {
	secret, err := secretOf(ctx, h.kube, h.action.Secret)
	if err != nil || secret == nil {
		return nil, "", err
	}
	file := secret.Data[plan.TLSCertificate]
	leaf, err := certificates.First(file)
	if err != nil {
		return nil, "", fmt.Errorf("secret %s: tls.crt: %w", h.action.Secret, err)
	}
	return leaf, fmt.Sprintf("%x", sumOf(file)), nil
}

// without are the pods that do not mount the Secret.
func (h *servedHandler) without(ctx context.Context) ([]string, error) {
	list, err := h.pods.List(ctx)
	if err != nil {
		return nil, err
	}
	var without []string
	for i := range list {
		if !slices.ContainsFunc(list[i].Spec.Volumes, func(v corev1.Volume) bool {
			return v.Secret != nil && v.Secret.SecretName == h.action.Secret
		}) {
			without = append(without, list[i].Name)
		}
	}
	slices.Sort(without)
	return without, nil
}

// others are the coordinators that show another certificate.
func (h *servedHandler) others(ctx context.Context, acting database.Acting, wanted *x509.Certificate) []database.Shown {
	return slices.DeleteFunc(h.db.ShownByCoordinators(ctx, acting), func(shown database.Shown) bool {
		return bytes.Equal(shown.Certificate.Raw, wanted.Raw)
	})
}

func words(shown []database.Shown) []string {
	details := make([]string, len(shown))
	for i, other := range shown {
		details[i] = fmt.Sprintf("the %s in pod %s shows clients another certificate, which ends on %s",
			segments.RoleName(other.Content, other.Role), other.Pod(), certificates.Day(other.Certificate.NotAfter))
	}
	return details
}

func (h *servedHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.RecentActing(ctx)
	if err != nil {
		return err
	}
	wanted, sum, err := h.wanted(ctx)
	if err != nil || wanted == nil {
		return errors.Join(err, errors.New("the Secret is gone"))
	}
	return engine.Until(ctx, h.patience, progress, func() ([]string, error) {
		others := h.others(ctx, acting, wanted)
		for _, other := range others {
			renewed, err := h.db.Renew(ctx, other.Pod())
			if err == nil && renewed.AtStart && renewed.Mounted == sum {
				return nil, &engine.NextError{Err: errors.New(words(others)[0] + "; its server takes certificates at its start only"),
					Next: engine.Next("restart the database: ", plan.Gpk("restart"), ", and run this again")}
			}
		}
		left := words(h.others(ctx, acting, wanted))
		if len(left) == 0 {
			return nil, nil
		}
		return left, engine.Sleep(ctx, renewPause)
	}, "the changed Secret has not reached the servers: %s")
}

func sumOf(file []byte) [sha256.Size]byte { return sha256.Sum256(file) }
