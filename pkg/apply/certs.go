package apply

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"gpk/pkg/apply/certificates"
	"gpk/pkg/apply/database"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// Certificates are those of a cluster. Its JSON is stable.
type Certificates struct {
	Cluster      plan.Ref           `json:"cluster"`
	Certificates []KnownCertificate `json:"certificates"`
	// Warnings say in words which end soon, or have ended.
	Warnings []string `json:"warnings,omitempty"`
}

// KnownCertificate is a certificate and whose it is.
type KnownCertificate struct {
	// Of says in words whose it is.
	Of string `json:"of"`
	// Subject and Issuer are common names.
	Subject string `json:"subject"`
	Issuer  string `json:"issuer"`
	// Names are the names and addresses of the server.
	Names   []string  `json:"names"`
	Expires time.Time `json:"expires"`

	certificate *x509.Certificate
}

// CertificatesOf asks the acting coordinator's pod for the cluster's own certificates, and the coordinators for what they show to clients.
func CertificatesOf(ctx context.Context, t *Target) (Certificates, error) {
	found := Certificates{Cluster: t.kube.Ref, Certificates: []KnownCertificate{}}
	acting, err := t.db.Acting(ctx)
	if err != nil {
		return found, err
	}
	known, err := certificatesOf(ctx, t, acting)
	found.Certificates = append(found.Certificates, known...)
	found.Warnings = endings(known, time.Now())
	return found, err
}

// certificatesOf are the certificates in the order of the pods' own first. With an error, it has those that are known all the same.
func certificatesOf(ctx context.Context, t *Target, acting database.Acting) ([]KnownCertificate, error) {
	files, err := t.db.Certificates(ctx, acting.Pod)
	var known []KnownCertificate
	for _, file := range files {
		certificate, wrong := certificates.First(file.Content)
		if wrong != nil {
			return known, fmt.Errorf("pod %s: %s: %w", acting.Pod, file.Path, wrong)
		}
		known = append(known, knownCertificate(usesOfFiles()[file.Path], certificate))
	}
	for _, shown := range t.db.ShownByCoordinators(ctx, acting) {
		use := fmt.Sprintf("the %s in pod %s, to clients", segments.RoleName(shown.Content, shown.Role), shown.Pod())
		known = append(known, knownCertificate(use, shown.Certificate))
	}
	return known, err
}

func usesOfFiles() map[string]string {
	return map[string]string{
		segments.PodsAuthority:      "the pods' authority",
		segments.ServersCertificate: "the servers, among the pods",
		segments.AdministratorsOwn:  "the administrator, among the pods",
		segments.ClientsAuthority:   "the clients' authority",
	}
}

func knownCertificate(use string, certificate *x509.Certificate) KnownCertificate {
	names := append([]string{}, certificate.DNSNames...)
	for _, address := range certificate.IPAddresses {
		names = append(names, address.String())
	}
	return KnownCertificate{use, certificate.Subject.CommonName, certificate.Issuer.CommonName, names, certificate.NotAfter.UTC(), certificate}
}

// endings tell of the certificates that end soon, or have ended.
func endings(known []KnownCertificate, now time.Time) (warnings []string) {
	for _, k := range known {
		if ending := certificates.Ending("the certificate of "+k.Of, k.certificate, now); ending != "" {
			warnings = append(warnings, ending)
		}
	}
	return warnings
}
