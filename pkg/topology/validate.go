package topology

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Bounds of the counts.
const (
	MaxSegments = 10_000
	MaxPerPod   = 100
)

const (
	// maxLabel is the longest label of DNS, and value of a Kubernetes label.
	maxLabel = 63
	// maxName is the longest name of a cluster: pods have a label with NAME-coordinator and a revision of ten characters
	// (controller-revision-hash).
	maxName = maxLabel - len("-coordinator") - len("-1234567890")
)

// maxReference is the longest reference of an image, by the grammar that follows.
const maxReference = 255

// The values of the fields that have only a few.
var (
	pullPolicies   = []corev1.PullPolicy{corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever}
	antiAffinities = []AntiAffinity{AntiAffinityRequired, AntiAffinityPreferred, AntiAffinityNone}
	serviceTypes   = []corev1.ServiceType{corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer}
)

// Validate says everything that is wrong with a cluster whose defaults are set. Its error is Faults, without lines.
func (c *Cluster) Validate() error {
	if faults := c.faults(true); len(faults) > 0 {
		return errorOf(c, faults)
	}
	return nil
}

// ValidateChange says what is wrong with a cluster, and was not wrong before the change. A cluster may have been made by a gpk that refused
// less, and can be worked with.
func (c *Cluster) ValidateChange(before *Cluster) error {
	earlier := before.faults(true)
	faults := slices.DeleteFunc(c.faults(true), func(f Fault) bool { return slices.Contains(earlier, f) })
	if len(faults) > 0 {
		return faults.sorted()
	}
	return nil
}

// faults are what is wrong with a cluster. A count of 0 is missing unless it is given.
func (c *Cluster) faults(countGiven bool) Faults {
	v := validator{c.shapeFaults(countGiven), c.Spec.User}
	spec := field.NewPath("spec")
	v.notLatest(c.Spec.Image, spec.Child("image"))
	v.databaseUser(c.Spec.User, spec.Child("user"))
	v.pods(c.Spec.Coordinator.Pods, 1, spec.Child("coordinator"))
	v.pods(c.Spec.Segments.Pods, c.Spec.Segments.PerPod, spec.Child("segments"))
	v.database(c, spec.Child("database"))
	v.network(c, spec.Child("network"))
	v.tls(c, spec.Child("tls"))
	v.backup(c.Spec.Backup, spec.Child("backup"))
	if c.Spec.PodTemplate != nil {
		v.podTemplate(c.Spec.PodTemplate, spec.Child("podTemplate"))
	}
	return v.faults
}

// shapeFaults are those of what every plan for the cluster is computed from: its names, its image and its counts.
func (c *Cluster) shapeFaults(countGiven bool) Faults {
	v := validator{}
	v.equal(field.NewPath("apiVersion"), c.APIVersion, APIVersion)
	v.equal(field.NewPath("kind"), c.Kind, Kind)
	v.metadata(c)
	spec := field.NewPath("spec")
	v.image(c, spec)
	v.segments(c, countGiven, spec.Child("segments"))
	return v.faults
}

type validator struct {
	faults Faults
	// runsAs is the user of the pods, whom a patch cannot change.
	runsAs User
}

// refuse notes a value and what is allowed instead.
func (v *validator) refuse(path *field.Path, value any, format string, args ...any) {
	text, isText := value.(string)
	if !isText {
		text = fmt.Sprint(value)
	}
	v.fault(path, "%s is not allowed: %s", quoted(text, isText), fmt.Sprintf(format, args...))
}

func (v *validator) fault(path *field.Path, format string, args ...any) {
	v.faults = append(v.faults, Fault{Field: path.String(), Message: fmt.Sprintf(format, args...)})
}

func (v *validator) equal(path *field.Path, value, only string) {
	switch value {
	case only:
	case "":
		v.fault(path, "missing: give %s", only)
	default:
		v.refuse(path, value, "give %s", only)
	}
}

// refuseAll refuses with the complaints of Kubernetes' own validations, less the regular expressions at their ends, which help nobody.
func (v *validator) refuseAll(path *field.Path, value string, complaints []string) {
	for _, complaint := range complaints {
		v.refuse(path, value, "%s", withoutExamples(complaint))
	}
}

// objectName refuses what can't be the name of an object of Kubernetes. An empty name is none.
func (v *validator) objectName(path *field.Path, name string) {
	if name != "" {
		v.refuseAll(path, name, validation.IsDNS1123Subdomain(name))
	}
}

func withoutExamples(complaint string) string {
	text, _, _ := strings.Cut(complaint, " (e.g.")
	return text
}

func oneOf[T ~string](v *validator, path *field.Path, value T, allowed ...T) {
	if slices.Contains(allowed, value) {
		return
	}
	var names []string
	for _, one := range allowed {
		if one != "" {
			names = append(names, string(one))
		}
	}
	v.refuse(path, string(value), "give %s or %s", strings.Join(names[:len(names)-1], ", "), names[len(names)-1])
}

func (v *validator) metadata(c *Cluster) {
	metadata := field.NewPath("metadata")
	if name := metadata.Child("name"); c.Metadata.Name == "" {
		v.fault(name, "missing: give the cluster a name, a DNS label such as demo")
	} else {
		// Services have this name, and a Service's name must not begin with a digit.
		v.refuseAll(name, c.Metadata.Name, validation.IsDNS1035Label(c.Metadata.Name))
		if excess := len(c.Metadata.Name) - maxName; excess > 0 {
			v.refuse(name, c.Metadata.Name, "give at most %d characters: Kubernetes labels the pods with the name of their StatefulSet, which is "+
				"%s-%s, and a revision", maxName, c.Metadata.Name, CoordinatorComponent)
		}
	}
	if namespace := metadata.Child("namespace"); c.Metadata.Namespace == "" {
		v.fault(namespace, "missing: give it here or with -n")
	} else {
		v.refuseAll(namespace, c.Metadata.Namespace, validation.IsDNS1123Label(c.Metadata.Namespace))
	}
}

// A release has three numbers. What may follow them is a build or a vendor: 7.1.0-rc.1, 7.1.0+dev.4.gabc1234, 6.27.5-WHPG,
// 2.1.0-incubating. Which family's it is, and what gpk does in its pods, the image tells.
var (
	release = regexp.MustCompile(`^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}([-+.][0-9A-Za-z.+-]{1,64})?$`)
	tag     = regexp.MustCompile(`^[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}$`)
	// reference is the grammar of github.com/distribution/reference: host, path, tag, digest.
	reference = regexp.MustCompile(`^([0-9A-Za-z][0-9A-Za-z.-]*(:[0-9]+)?/)?` +
		`[0-9a-z]+((\.|_|__|-+)[0-9a-z]+)*(/[0-9a-z]+((\.|_|__|-+)[0-9a-z]+)*)*` +
		`(:[0-9A-Za-z_][0-9A-Za-z_.-]{0,127})?(@[a-z0-9]+:[0-9a-f]{32,})?$`)
)

func (v *validator) image(c *Cluster, spec *field.Path) {
	version, image := spec.Child("version"), spec.Child("image")
	switch s := c.Spec; {
	case s.Version == "":
		v.fault(version, "missing: give the release of the database in the image, such as \"7.1.0\"")
	case !release.MatchString(s.Version):
		v.refuse(version, s.Version, "give the release that the image says it is, with three numbers, such as \"7.1.0\" or \"6.27.5-WHPG\"")
	case s.Image != "" && !hasTag(s.Image) && !tag.MatchString(s.Version):
		v.refuse(version, s.Version, "it can't be the tag of the image: give spec.image a tag of its own")
	}
	switch s := c.Spec; {
	case s.Image == "":
		v.fault(image, "missing: give the reference of an image with the database, such as registry.example/greenplum")
	case len(s.Image) > maxReference || !reference.MatchString(s.Image):
		v.refuse(image, s.Image, "give an image's reference: registry/repository, all in lower case, and a :tag or @digest or neither")
	}
	oneOf(v, spec.Child("imagePullPolicy"), c.Spec.ImagePullPolicy, pullPolicies...)
	for i, name := range c.Spec.ImagePullSecrets {
		v.refuseAll(spec.Child("imagePullSecrets").Index(i), name, validation.IsDNS1123Subdomain(name))
	}
}

// notLatest refuses a tag that is another release tomorrow: a pod that is made again then would not fit to the others.
func (v *validator) notLatest(image string, path *field.Path) {
	if movingTag(image) {
		v.refuse(path, image, "pods that are made later would get another release: give a tag that stays, or a digest")
	}
}

func movingTag(image string) bool {
	return reference.MatchString(image) && strings.HasSuffix(image, ":latest")
}

func (v *validator) segments(c *Cluster, countGiven bool, path *field.Path) {
	count, perPod := c.Spec.Segments.Count, c.Spec.Segments.PerPod
	switch at := path.Child("count"); {
	case count == 0 && !countGiven:
		v.fault(at, "missing: give the number of primaries, 1 to %d", MaxSegments)
	case count < 1 || count > MaxSegments:
		v.refuse(at, count, "give 1 to %d", MaxSegments)
	}
	if perPod < 1 || perPod > MaxPerPod {
		v.refuse(path.Child("perPod"), perPod, "give 1 to %d", MaxPerPod)
	}
	if count <= MaxSegments {
		v.hostLines(c, path.Child("count"))
	}
}

// maxHostLines is what of a ConfigMap, which holds 1 MiB, is left for the names of hosts beside the rest of gpk's state.
const maxHostLines = 1<<20 - 4<<10

// hostLines refuses more hosts than the pods can be told of: each of them reads all names, a line each, in one ConfigMap.
func (v *validator) hostLines(c *Cluster, path *field.Path) {
	size, hosts := 0, 0
	for _, group := range groups(c) {
		hosts += int(group.Replicas)
		for i := range group.Replicas {
			size += len(c.Host(group.Pod(i))) + 1
		}
	}
	if size > maxHostLines {
		v.refuse(path, c.Spec.Segments.Count, "the names of %d hosts take %d bytes, and ConfigMap/%s-state has room for %d: give a larger "+
			"spec.segments.perPod, or a shorter metadata.name",
			hosts, size, c.Metadata.Name, maxHostLines)
	}
}
