package topology

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"
)

// pivotalCluster is the cluster of VMware's operator, Greenplum for Kubernetes: greenplum.pivotal.io/v1, GreenplumCluster.
type pivotalCluster struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
	Spec struct {
		MasterAndStandby struct {
			pivotalPods
			HostBasedAuthentication string `json:"hostBasedAuthentication"`
			Standby                 string `json:"standby"`
		} `json:"masterAndStandby"`
		Segments struct {
			pivotalPods
			PrimarySegmentCount int32  `json:"primarySegmentCount"`
			Mirrors             string `json:"mirrors"`
		} `json:"segments"`
	} `json:"spec"`
}

type pivotalPods struct {
	Memory           resource.Quantity `json:"memory"`
	CPU              resource.Quantity `json:"cpu"`
	StorageClassName string            `json:"storageClassName"`
	Storage          resource.Quantity `json:"storage"`
	WorkerSelector   map[string]string `json:"workerSelector"`
	AntiAffinity     string            `json:"antiAffinity"`
}

// FromPivotal is the cluster.yaml for a GreenplumCluster of greenplum.pivotal.io/v1, with an image that may be empty: that file names none.
// left says in words what could not be carried over. The same is in comments at the top of the file.
func FromPivotal(data []byte, image string) (file []byte, left []string, err error) {
	var from pivotalCluster
	if err := yaml.Unmarshal(data, &from); err != nil {
		return nil, nil, fmt.Errorf("it cannot be read as YAML: %w", err)
	}
	if group, _, _ := strings.Cut(from.APIVersion, "/"); group != "greenplum.pivotal.io" || from.Kind != "GreenplumCluster" {
		return nil, nil, fmt.Errorf("it is a %s of %s, and no GreenplumCluster of greenplum.pivotal.io", from.Kind, from.APIVersion)
	}
	left, err = unknownIn(data)
	if err != nil {
		return nil, nil, err
	}
	to := Cluster{APIVersion: APIVersion, Kind: Kind, Metadata: Metadata{Name: from.Metadata.Name, Namespace: from.Metadata.Namespace}}
	master, segments := from.Spec.MasterAndStandby, from.Spec.Segments
	to.Spec.Image, to.Spec.Version = image, releaseIn(image)
	to.Spec.Coordinator = Coordinator{Standby: ptr.To(said(master.Standby)), Pods: master.pods()}
	to.Spec.Segments = Segments{Count: segments.PrimarySegmentCount, Mirrors: ptr.To(said(segments.Mirrors)), Pods: segments.pods()}
	for line := range strings.Lines(master.HostBasedAuthentication) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if fault := hbaComplaint(line); fault != "" {
			left = append(left, fmt.Sprintf("spec.masterAndStandby.hostBasedAuthentication, the line %s: %s", shownHBA(line), fault))
			continue
		}
		to.Spec.Database.HBA = append(to.Spec.Database.HBA, line)
	}
	if to.Spec.Image == "" {
		left = append(left, "the image and its release, which the operator had: give spec.image and spec.version, or --image")
	} else if to.Spec.Version == "" {
		left = append(left, "the release in the image: give spec.version")
	}
	left = append(left, "the data: gpk makes a new, empty database")
	for i, what := range left {
		// A line of its own would be no comment.
		left[i] = strings.Join(strings.Fields(what), " ")
	}
	text, err := yaml.Marshal(to)
	return append([]byte("# Not carried over:\n# - "+strings.Join(left, "\n# - ")+"\n"), text...), left, err
}

// said is whether that file, which knows only yes and no, has a yes. Without a word it is no.
// Without quotes, YAML takes a yes for true.
func said(word string) bool { return strings.EqualFold(word, "yes") || strings.EqualFold(word, "true") }

func (p pivotalPods) pods() Pods {
	// Its operator sets the same as request and as limit. 0 or nothing is no limit.
	list := corev1.ResourceList{}
	for name, quantity := range map[corev1.ResourceName]resource.Quantity{corev1.ResourceMemory: p.Memory, corev1.ResourceCPU: p.CPU} {
		if !quantity.IsZero() {
			list[name] = quantity
		}
	}
	pods := Pods{NodeSelector: p.WorkerSelector, AntiAffinity: AntiAffinityNone}
	if said(p.AntiAffinity) {
		pods.AntiAffinity = AntiAffinityRequired
	}
	if len(list) > 0 {
		pods.Resources = Resources{Requests: list, Limits: list.DeepCopy()}
	}
	if !p.Storage.IsZero() {
		pods.Storage.Size = ptr.To(p.Storage)
	}
	if p.StorageClassName != "" {
		pods.Storage.ClassName = ptr.To(p.StorageClassName)
	}
	return pods
}

// pivotalFields are the fields of a pivotalCluster, and of its parts below their paths.
var pivotalFields = map[string]string{ //nolint:gochecknoglobals // never changed
	"":                      "apiVersion kind metadata spec",
	"metadata":              "name namespace",
	"spec":                  "masterAndStandby segments",
	"spec.masterAndStandby": "memory cpu storageClassName storage workerSelector antiAffinity hostBasedAuthentication standby",
	"spec.segments":         "memory cpu storageClassName storage workerSelector antiAffinity primarySegmentCount mirrors",
}

// unknownIn are the fields that a pivotalCluster has not, in words.
func unknownIn(data []byte) (unknown []string, err error) {
	var file map[string]any
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("it cannot be read as YAML: %w", err)
	}
	for path, known := range pivotalFields {
		part := file
		for _, name := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' }) {
			part, _ = part[name].(map[string]any)
		}
		for name := range part {
			if !slices.Contains(strings.Fields(known), name) {
				unknown = append(unknown, "the field "+strings.TrimPrefix(path+"."+name, "."))
			}
		}
	}
	slices.Sort(unknown)
	return unknown, nil
}
