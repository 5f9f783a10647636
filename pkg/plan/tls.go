package plan

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/topology"
)

// The files of the Secret with the certificate that clients see, as cert-manager names them.
const (
	TLSCertificate = corev1.TLSCertKey
	TLSKey         = corev1.TLSPrivateKeyKey
	TLSAuthority   = corev1.ServiceAccountRootCAKey
	// TLSAuthorityKey is there only in the Secret that gpk makes. No pod mounts it.
	TLSAuthorityKey = "ca.key"
)

// GivenCertificate looks into the user's Secret with the certificate that clients see, before anything is made. It changes nothing.
type GivenCertificate struct {
	Secret string
	// Service are the names of the clients' Service, and Names those that cluster.yaml adds.
	Service, Names []string
}

// SelfSigned makes the Secret with an authority and a certificate for clients, unless it exists. The certificate gets the names that it
// lacks from the same authority.
type SelfSigned struct {
	Secret Object
	// Authority is the name of the authority, and Name that of the certificate.
	Authority, Name string
	// Names are those that the certificate has at least.
	Names []string
}

// Served waits until the coordinator and the standby show clients the certificate of a Secret.
type Served struct {
	Secret string
	// Pods are those of both coordinators.
	Pods []string
}

func (GivenCertificate) action() {}
func (GivenCertificate) looks()  {}
func (SelfSigned) action()       {}
func (Served) action()           {}

func (l layout) givenCertificate() Action {
	tls := l.Spec.TLS
	if tls == nil || tls.SelfSigned {
		return nil
	}
	all := l.ClientNames()
	service := len(all) - len(tls.Names)
	return GivenCertificate{tls.Secret, all[:service:service], all[service:]}
}

// maxCommonName is X.509's limit.
const maxCommonName = 64

// selfSigned has the Service's name as the certificate's own: libpq before PostgreSQL 9.5, as Greenplum 6 has it, knows no other.
func (p parts) selfSigned() Action {
	if p.Spec.TLS == nil || !p.Spec.TLS.SelfSigned {
		return nil
	}
	p.identify(&p.manifests.tls, p.ClientCertificate(), Labels(p.Metadata.Name))
	names := slices.Concat(p.ClientNames(), p.coordinatorHosts, []string{"localhost"})
	name := p.ClientService() + "." + p.Metadata.Namespace + ".svc"
	if len(name) > maxCommonName {
		name = p.ClientService()
	}
	return SelfSigned{&p.manifests.tls, "gpk " + p.Metadata.Name + " clients", name, names}
}

func (l layout) served() Action {
	return when(l.Spec.TLS != nil, Served{Secret: l.ClientCertificate(), Pods: l.coordinatorPods})
}

// mountCertificate gives a pod the certificate that clients see, with its key in the coordinators' pods, and its authority in all, by
// which pods know a coordinator. Optional: without the Secret the database starts with the cluster's own certificate.
func (p parts) mountCertificate(pod *corev1.PodSpec, component topology.Component) {
	secret := p.ClientCertificate()
	if secret == "" {
		return
	}
	files := []string{TLSAuthority}
	if component == topology.CoordinatorComponent {
		files = append(files, TLSCertificate, TLSKey)
	}
	items := each(files, func(file string) corev1.KeyToPath { return corev1.KeyToPath{Key: file, Path: file} })
	pod.Volumes = append(pod.Volumes, corev1.Volume{Name: tlsVolume, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
		SecretName: secret, Items: items, DefaultMode: new(int32(0o440)), Optional: new(true)}}})
	mounts := &pod.Containers[0].VolumeMounts
	*mounts = append(*mounts, corev1.VolumeMount{Name: tlsVolume, MountPath: "/gpk/tls", ReadOnly: true})
}
