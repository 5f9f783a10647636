package plan_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// Everything lives in the cluster's namespace, is of a kind that does, and is found again by its labels.
func TestObjectsStayInNamespace(t *testing.T) {
	namespaced := []string{"Secret", "ServiceAccount", "ConfigMap", "Service", "PersistentVolumeClaim", "StatefulSet",
		"NetworkPolicy", "PodDisruptionBudget"}
	for _, shape := range shapes() {
		c := load(t, shape)
		for _, object := range manifests(create(t, c)) {
			kind := object.GetObjectKind().GroupVersionKind().Kind
			if !slices.Contains(namespaced, kind) {
				t.Errorf("%s: %s/%s is not known to live in a namespace", shape, kind, object.GetName())
			}
			if object.GetNamespace() != c.Metadata.Namespace {
				t.Errorf("%s: %s/%s is in the namespace %q", shape, kind, object.GetName(), object.GetNamespace())
			}
			if !labels.SelectorFromSet(plan.Labels(c.Metadata.Name)).Matches(labels.Set(object.GetLabels())) {
				t.Errorf("%s: %s/%s has the labels %v and would not be found again", shape, kind, object.GetName(), object.GetLabels())
			}
			if plan.ClusterOf(object) != c.Metadata.Name {
				t.Errorf("%s: %s/%s is of the cluster %q", shape, kind, object.GetName(), plan.ClusterOf(object))
			}
		}
	}
}

// objectsOf are the names of the objects of a kind.
func objectsOf(objects []plan.Object, kind string) map[string]plan.Object {
	found := map[string]plan.Object{}
	for _, object := range objects {
		if object.GetObjectKind().GroupVersionKind().Kind == kind {
			found[object.GetName()] = object
		}
	}
	return found
}

// What an object names is there: accounts, claims, ConfigMaps, Secrets, volumes, and the scripts of commands.
func TestReferences(t *testing.T) {
	for _, shape := range shapes() {
		t.Run(shape, func(t *testing.T) {
			p := create(t, load(t, shape))
			objects := manifests(p)
			scripts := objectsOf(objects, "ConfigMap")[p.Cluster.Name+"-scripts"].(*corev1.ConfigMap)
			for _, set := range statefulSets(p) {
				pod := set.Spec.Template.Spec
				if objectsOf(objects, "ServiceAccount")[pod.ServiceAccountName] == nil {
					t.Errorf("%s: no account %q", set.Name, pod.ServiceAccountName)
				}
				if service, ok := objectsOf(objects, "Service")[set.Spec.ServiceName].(*corev1.Service); !ok {
					t.Errorf("%s: no Service %q", set.Name, set.Spec.ServiceName)
				} else if !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(set.Spec.Template.Labels)) || service.Spec.ClusterIP != "None" ||
					!service.Spec.PublishNotReadyAddresses {
					t.Errorf("%s: the pods get no host name of %s before they are ready", set.Name, service.Name)
				}
				volumes := []string{set.Spec.VolumeClaimTemplates[0].Name}
				for _, volume := range pod.Volumes {
					volumes = append(volumes, volume.Name)
					if volume.ConfigMap != nil && (volume.ConfigMap.Optional == nil || !*volume.ConfigMap.Optional) && objectsOf(objects, "ConfigMap")[volume.ConfigMap.Name] == nil {
						t.Errorf("%s: no ConfigMap %q", set.Name, volume.ConfigMap.Name)
					}
					if volume.Secret != nil && (volume.Secret.Optional == nil || !*volume.Secret.Optional) && objectsOf(objects, "Secret")[volume.Secret.SecretName] == nil {
						t.Errorf("%s: no Secret %q", set.Name, volume.Secret.SecretName)
					}
				}
				for _, container := range pod.Containers {
					for _, mount := range container.VolumeMounts {
						if !slices.Contains(volumes, mount.Name) {
							t.Errorf("%s: container %s mounts %q, and the volumes are %q", set.Name, container.Name, mount.Name, volumes)
						}
					}
					for _, word := range commandWords(container) {
						if name, found := strings.CutPrefix(word, "/gpk/scripts/"); found && scripts.Data[name] == "" {
							t.Errorf("%s: there is no script %q", set.Name, name)
						}
					}
				}
			}
		})
	}
}

// commandWords are the words of all commands of a container.
func commandWords(container corev1.Container) []string {
	words := slices.Concat(container.Command, container.Args)
	for _, probe := range []*corev1.Probe{container.ReadinessProbe, container.LivenessProbe, container.StartupProbe} {
		if probe != nil && probe.Exec != nil {
			words = append(words, probe.Exec.Command...)
		}
	}
	return words
}

// A StatefulSet adopts the claims that were made before it: their names, labels and specs are those that it would make.
func TestClaimsAreTheStatefulSets(t *testing.T) {
	for _, shape := range shapes() {
		p := create(t, load(t, shape))
		claims := objectsOf(manifests(p), "PersistentVolumeClaim")
		for _, set := range statefulSets(p) {
			template := set.Spec.VolumeClaimTemplates[0]
			for ordinal := range *set.Spec.Replicas {
				name := template.Name + "-" + topology.Group{Name: set.Name}.Pod(ordinal)
				claim, ok := claims[name].(*corev1.PersistentVolumeClaim)
				if !ok {
					t.Errorf("%s: no claim %s", shape, name)
					continue
				}
				delete(claims, name)
				if diff := cmp.Diff(template.Spec, claim.Spec); diff != "" {
					t.Errorf("%s: claim %s (-template +claim):\n%s", shape, name, diff)
				}
				if !maps.Equal(template.Labels, claim.Labels) {
					t.Errorf("%s: claim %s has the labels %v, the template %v", shape, name, claim.Labels, template.Labels)
				}
			}
		}
		if len(claims) > 0 {
			t.Errorf("%s: claims that no StatefulSet has: %v", shape, slices.Collect(maps.Keys(claims)))
		}
	}
}

// The pods that the plan waits for are those that the StatefulSets make, and those that instances live in.
func TestPodsOfPlan(t *testing.T) {
	for _, shape := range shapes() {
		p := create(t, load(t, shape))
		var made []string
		for _, set := range statefulSets(p) {
			if !labels.SelectorFromSet(set.Spec.Selector.MatchLabels).Matches(labels.Set(set.Spec.Template.Labels)) {
				t.Errorf("%s: %s does not select its own pods", shape, set.Name)
			}
			for ordinal := range *set.Spec.Replicas {
				made = append(made, topology.Group{Name: set.Name}.Pod(ordinal))
			}
		}
		var used []string
		for _, step := range p.Steps {
			switch action := step.Action.(type) {
			case plan.Running:
				if diff := cmp.Diff(made, action.Pods); diff != "" {
					t.Errorf("%s: running (-made +waited for):\n%s", shape, diff)
				}
			case plan.Ready:
				if diff := cmp.Diff(made, action.Pods); diff != "" {
					t.Errorf("%s: ready (-made +waited for):\n%s", shape, diff)
				}
			case plan.Initialise:
				for _, instance := range action.Topology.Instances {
					used = append(used, instance.Pod)
				}
			}
		}
		slices.Sort(made)
		slices.Sort(used)
		if diff := cmp.Diff(made, slices.Compact(used)); diff != "" {
			t.Errorf("%s: (-pods +pods with instances):\n%s", shape, diff)
		}
	}
}

// Only the step that takes data away for ever is destructive, and only --delete-data has it.
func TestDeleteKeepsVolumes(t *testing.T) {
	for _, data := range []bool{false, true} {
		for _, step := range plan.Delete(plan.Ref{}, data).Steps {
			remove, _ := step.Action.(plan.Remove)
			if takes := slices.Contains(remove.Kinds, "PersistentVolumeClaim"); takes != (step.Class == plan.Destructive) || takes && !data {
				t.Errorf("data %t: step %s of class %s removes %q", data, step.ID, step.Class, remove.Kinds)
			}
		}
	}
}

// Planning twice gives the same, byte by byte: what is compared with the API server must not flap.
func TestCreateIsDeterministic(t *testing.T) {
	for _, shape := range shapes() {
		c := load(t, shape)
		first := documents(t, manifests(create(t, c)))
		for range 5 {
			if diff := cmp.Diff(first, documents(t, manifests(create(t, c)))); diff != "" {
				t.Errorf("%s (-first +again):\n%s", shape, diff)
			}
		}
	}
}

// A patch changes what it names and nothing else.
func TestPodTemplatePatch(t *testing.T) {
	plain, patched := load(t, "wide"), load(t, "wide")
	plain.Spec.PodTemplate = nil
	before, after := statefulSets(create(t, plain)), statefulSets(create(t, patched))
	for i, set := range after {
		was, is := &before[i].Spec.Template, &set.Spec.Template
		if is.Labels["team"] != "data" || is.Annotations["sidecar.example/inject"] != "false" || *is.Spec.TerminationGracePeriodSeconds != 300 {
			t.Errorf("%s: the patch is not on %+v", set.Name, is.ObjectMeta)
		}
		if diff := cmp.Diff(before[i].Spec.Selector, set.Spec.Selector); diff != "" {
			t.Errorf("%s: the selector was patched (-want +got):\n%s", set.Name, diff)
		}
		if len(is.Spec.Containers) != 2 {
			t.Fatalf("%s: %d containers, want the database and the patch's own", set.Name, len(is.Spec.Containers))
		}
		database := is.Spec.Containers[slices.IndexFunc(is.Spec.Containers, func(c corev1.Container) bool { return c.Name == plan.Container })]
		if diff := cmp.Diff(database.Command, was.Spec.Containers[0].Command); diff != "" || database.Image != was.Spec.Containers[0].Image {
			t.Errorf("%s: the database runs %s of %s", set.Name, database.Command, database.Image)
		}
		for _, mount := range was.Spec.Containers[0].VolumeMounts {
			if !slices.ContainsFunc(database.VolumeMounts, func(kept corev1.VolumeMount) bool { return cmp.Equal(kept, mount) }) {
				t.Errorf("%s: the patch took the mount %s away", set.Name, mount.MountPath)
			}
		}
		for _, variable := range was.Spec.Containers[0].Env {
			if !slices.ContainsFunc(database.Env, func(kept corev1.EnvVar) bool { return cmp.Equal(kept, variable) }) {
				t.Errorf("%s: the patch took the variable %s away", set.Name, variable.Name)
			}
		}
		if diff := cmp.Diff(was.Spec.SecurityContext, is.Spec.SecurityContext); diff != "" {
			t.Errorf("%s: security (-want +got):\n%s", set.Name, diff)
		}
	}
}

// Under required, the two copies of one content exclude each other, by each other's component and the pods' own index, and
// the coordinator and its standby each other; nothing keeps different contents apart by force.
func TestPairsApart(t *testing.T) {
	c := load(t, "mirrored")
	for _, set := range statefulSets(create(t, c)) {
		own := topology.Component(set.Labels["app.kubernetes.io/component"])
		other := map[topology.Component]topology.Component{topology.CoordinatorComponent: topology.CoordinatorComponent,
			topology.PrimaryComponent: topology.MirrorComponent, topology.MirrorComponent: topology.PrimaryComponent}[own]
		terms := required(set)
		if len(terms) != 1 {
			t.Fatalf("%s: %d terms, want 1", set.Name, len(terms))
		}
		labels := plan.Labels(c.Metadata.Name)
		labels["app.kubernetes.io/component"] = string(other)
		if diff := cmp.Diff(labels, terms[0].LabelSelector.MatchLabels); diff != "" {
			t.Errorf("%s keeps apart from (-want +got):\n%s", set.Name, diff)
		}
		if sameIndex := slices.Equal(terms[0].MatchLabelKeys, []string{"apps.kubernetes.io/pod-index"}); sameIndex != (own != topology.CoordinatorComponent) {
			t.Errorf("%s: match label keys %q", set.Name, terms[0].MatchLabelKeys)
		}
		if terms[0].TopologyKey != corev1.LabelHostname {
			t.Errorf("%s: apart within %q", set.Name, terms[0].TopologyKey)
		}
	}
	for _, kind := range []topology.AntiAffinity{topology.AntiAffinityPreferred, topology.AntiAffinityNone} {
		c.Spec.Coordinator.AntiAffinity, c.Spec.Segments.AntiAffinity = kind, kind
		for _, set := range statefulSets(create(t, c)) {
			preferred := set.Spec.Template.Spec.Affinity != nil && len(set.Spec.Template.Spec.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution) == 1
			if len(required(set)) > 0 || preferred != (kind == topology.AntiAffinityPreferred) {
				t.Errorf("%s under %s: required %v, preferred %t", set.Name, kind, required(set), preferred)
			}
		}
	}
}

func required(set *appsv1.StatefulSet) []corev1.PodAffinityTerm {
	if affinity := set.Spec.Template.Spec.Affinity; affinity != nil && affinity.PodAntiAffinity != nil {
		return affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	return nil
}
