package tls

import (
	"context"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/certificates"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

const (
	// authorityLife is how long clients can trust the authority that gpk makes.
	authorityLife = 10 * 365 * 24 * time.Hour
	// serverLife is the longest that all clients accept.
	serverLife = 825 * 24 * time.Hour
)

// selfSignedHandler makes an authority for clients once, and a certificate of it. It makes another certificate of the same authority if
// that lacks a name or has expired: clients go on as before.
type selfSignedHandler struct {
	kube   *kube.Client
	action plan.SelfSigned
}

func (h *selfSignedHandler) Check(ctx context.Context) (engine.Finding, error) {
	live, err := h.live(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	name := kube.ObjectName(h.action.Secret)
	if live == nil {
		return engine.PendingIf([]string{name + " is missing"}), nil
	}
	authority, err := authorityIn(live)
	if err != nil {
		return engine.BlockedBy(fmt.Sprintf("%s: %v", name, err),
			"if clients can get another ca.crt, delete the Secret, and run this again"), nil
	}
	leaf, faults := givenIn(live.Data).Faults(time.Now())
	signer, _ := certificates.First(authority.Certificate)
	if signer != nil && time.Now().After(signer.NotAfter) {
		return engine.BlockedBy(fmt.Sprintf("%s: ca.crt expired on %s", name, certificates.Day(signer.NotAfter)),
			"give clients another ca.crt: delete the Secret, and run this again"), nil
	}
	// One that ends soon is made again in time, unless another one would end as soon: with the authority.
	if leaf != nil && signer != nil && len(faults) == 0 && leaf.NotAfter.Before(signer.NotAfter) {
		if ends := certificates.Ending("tls.crt", leaf, time.Now()); ends != "" {
			faults = append(faults, ends)
		}
	}
	if leaf != nil {
		for _, lacks := range certificates.Lacks(leaf, h.action.Names) {
			faults = append(faults, "tls.crt is not for the name "+lacks)
		}
	}
	for i := range faults {
		faults[i] = name + ": " + faults[i]
	}
	return engine.PendingIf(faults), nil
}

// live is the Secret on the server, nil if it is missing. Another owner's is an error.
func (h *selfSignedHandler) live(ctx context.Context) (*corev1.Secret, error) {
	live, err := h.kube.Live(ctx, h.action.Secret)
	if live == nil || err != nil {
		return nil, err
	}
	return live.(*corev1.Secret), kube.Refuse(h.kube.Foreign("Secret", live))
}

func authorityIn(secret *corev1.Secret) (certificates.Authority, error) {
	return certificates.ReadAuthority(certificates.Pair{
		Certificate: secret.Data[plan.TLSAuthority], Key: secret.Data[plan.TLSAuthorityKey]})
}

func (h *selfSignedHandler) Do(ctx context.Context, _ func(string)) error {
	live, err := h.live(ctx)
	if err != nil {
		return err
	}
	var authority certificates.Authority
	secret := h.action.Secret.DeepCopyObject().(*corev1.Secret)
	secret.Data = map[string][]byte{}
	if live != nil {
		maps.Copy(secret.Data, live.Data)
		authority, err = authorityIn(live)
	} else {
		authority, err = certificates.NewAuthority(h.action.Authority, authorityLife)
	}
	if err != nil {
		return err
	}
	server, err := authority.Server(h.action.Name, h.action.Names, serverLife)
	if err != nil {
		return err
	}
	secret.Data[plan.TLSAuthority], secret.Data[plan.TLSAuthorityKey] = authority.Certificate, authority.Key
	secret.Data[plan.TLSCertificate], secret.Data[plan.TLSKey] = server.Certificate, server.Key
	_, err = h.kube.Apply(ctx, secret, kube.Manager, false)
	return err
}
