package plan

import (
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/templates"
)

// manifests are those of package templates, each parsed once: a parse for each of thousands of claims would take most of a plan's
// time. parts fills them in, or copies of them where a cluster has several.
type manifests struct {
	account                     corev1.ServiceAccount
	scripts                     corev1.ConfigMap
	keys, tls                   corev1.Secret
	hostsService, clientService corev1.Service
	ownPolicy, clientPolicy     networkingv1.NetworkPolicy
	budget                      policyv1.PodDisruptionBudget
	claim                       corev1.PersistentVolumeClaim
	set                         appsv1.StatefulSet
	imagePod                    corev1.Pod
	// files are the scripts and configuration files for the pods, by name.
	files map[string]string
}

func readManifests() (*manifests, error) {
	m := &manifests{}
	for name, into := range map[string]any{
		"serviceaccount":        &m.account,
		"configmap-scripts":     &m.scripts,
		"secret-ssh":            &m.keys,
		"secret-tls":            &m.tls,
		"service-hosts":         &m.hostsService,
		"service-client":        &m.clientService,
		"networkpolicy-own":     &m.ownPolicy,
		"networkpolicy-clients": &m.clientPolicy,
		"poddisruptionbudget":   &m.budget,
		"persistentvolumeclaim": &m.claim,
		"statefulset":           &m.set,
		"pod-image":             &m.imagePod,
	} {
		if err := templates.Decode(name, into); err != nil {
			return nil, err
		}
	}
	var err error
	m.files, err = templates.Scripts()
	return m, err
}

// services are the Services, with the account and the scripts of the pods.
func (p parts) services() []Object {
	m, labels := p.manifests, func() map[string]string { return Labels(p.Metadata.Name) }
	p.identify(&m.account, p.Metadata.Name, labels())
	p.identify(&m.scripts, p.scriptsName(), labels())
	m.scripts.Data = m.files
	p.identify(&m.hostsService, p.HostsService(), labels())
	m.hostsService.Spec.Selector = labels()
	p.identify(&m.clientService, p.ClientService(), labels())
	m.clientService.Annotations = maps.Clone(p.Spec.Network.Service.Annotations)
	m.clientService.Spec.Type = p.Spec.Network.Service.Type
	// Only the catalogue knows which coordinator acts: the step "service" owns the selector.
	m.clientService.Spec.Selector = nil
	return []Object{&m.account, &m.scripts, &m.hostsService, &m.clientService}
}

// scripted gives the pods the scripts that gpk's templates call. It comes before each step that makes StatefulSets or changes them: what an
// earlier gpk has made has other scripts.
func (p parts) scripted() Step {
	return Step{"scripts", "scripts of the pods", Converge, Apply{Objects: []Object{&p.manifests.scripts}}}
}

func (p parts) keys() Keys {
	p.identify(&p.manifests.keys, p.keysName(), Labels(p.Metadata.Name))
	return Keys{&p.manifests.keys, map[string]string{"config": p.manifests.files["ssh_config"]}, p.clientNames()}
}

// claims are the volume claims of the pods that smaller groups lack, with nil those of all pods.
func (p parts) claims(smaller []topology.Group) []*corev1.PersistentVolumeClaim {
	var claims []*corev1.PersistentVolumeClaim
	for group, ordinal := range p.beyond(smaller) {
		claim := p.manifests.claim.DeepCopy()
		p.identify(claim, "data-"+group.Pod(ordinal), p.componentLabels(group.Component))
		claim.Spec = claimSpec(claim.Spec, p.GroupPods(group.Component).Storage)
		claims = append(claims, claim)
	}
	return claims
}

func claimSpec(spec corev1.PersistentVolumeClaimSpec, storage topology.Storage) corev1.PersistentVolumeClaimSpec {
	if storage.ClassName != nil {
		spec.StorageClassName = new(*storage.ClassName)
	}
	if storage.Size != nil {
		spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: *storage.Size}
	}
	return spec
}

func (p parts) imagePod() *corev1.Pod {
	pod := &p.manifests.imagePod
	pod.GenerateName = p.Metadata.Name + "-image-"
	pod.Namespace = p.Metadata.Namespace
	pod.Labels = map[string]string{}
	if template := p.Spec.PodTemplate; template != nil {
		// Policies may want these of every pod.
		maps.Copy(pod.Labels, template.Labels)
		pod.Annotations = maps.Clone(template.Annotations)
	}
	// What selects the cluster's pods must not select this one.
	delete(pod.Labels, ComponentLabel)
	maps.Copy(pod.Labels, ImageLabels(p.Metadata.Name))
	pod.Spec.ImagePullSecrets = p.pullSecrets()
	pod.Spec.ServiceAccountName = p.Metadata.Name
	p.runAs(pod.Spec.SecurityContext)
	pod.Spec.Containers[0].Image = p.ImageRef()
	pod.Spec.Containers[0].ImagePullPolicy = p.Spec.ImagePullPolicy
	pod.Spec.Containers[0].Args = segments.InspectionOf(p.Spec.Database)
	pod.Spec.Volumes[0].ConfigMap.Name = p.scriptsName()
	return pod
}

func (l layout) pullSecrets() []corev1.LocalObjectReference {
	return each(l.Spec.ImagePullSecrets, func(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} })
}
