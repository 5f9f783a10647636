package topology

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// APIVersion and Kind are the only values that cluster.yaml may carry in its first two fields.
const (
	APIVersion = "gpk/v1alpha1"
	Kind       = "GreenplumCluster"
)

// Cluster is cluster.yaml.
type Cluster struct {
	// APIVersion is always gpk/v1alpha1.
	APIVersion string `json:"apiVersion"`
	// Kind is always GreenplumCluster.
	Kind string `json:"kind"`
	// Metadata names the cluster.
	Metadata Metadata `json:"metadata"`
	// Spec says what the cluster is made of.
	Spec Spec `json:"spec"`
}

// Metadata names the cluster and the namespace it lives in.
type Metadata struct {
	// Name is the first part of the name of every object of the cluster, a DNS label.
	Name string `json:"name"`
	// Namespace holds every object of the cluster. Empty: the namespace of the command line or of the kubeconfig's context.
	Namespace string `json:"namespace,omitempty"`
}

// Spec says what the cluster is made of.
type Spec struct {
	// Version is the release that the database in the image says it is, such as "7.1.0", "6.27.5-WHPG" or "2.1.0-incubating". It is the
	// image's tag, unless the reference has one.
	Version string `json:"version"`
	// Image is the reference of an image that holds the database, bash and sshd. docs/image.md says what it must have.
	Image string `json:"image"`
	// ImagePullPolicy is as in a pod: Always, IfNotPresent or Never. Default: IfNotPresent.
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`
	// ImagePullSecrets name the Secrets of the namespace with which the image is pulled.
	ImagePullSecrets []string `json:"imagePullSecrets,omitempty"`
	// User is whom the pods run as. The image needs no such user.
	User User `json:"user,omitempty"`
	// Coordinator describes the coordinator's pod and its standby's.
	Coordinator Coordinator `json:"coordinator,omitempty"`
	// Segments describes the pods of the primaries and of their mirrors.
	Segments Segments `json:"segments"`
	// Database is what is inside: the database, its locale, settings and client authentication.
	Database Database `json:"database,omitempty"`
	// Network is how clients reach the coordinator.
	Network Network `json:"network,omitempty"`
	// TLS is the certificate that the coordinator and the standby show to clients. Absent: one that only the cluster's pods can verify.
	TLS *TLS `json:"tls,omitempty"`
	// Backup is where the backups of the databases are.
	Backup *Backup `json:"backup,omitempty"`
	// PodTemplate is a strategic-merge patch on every pod template, for what has no field here.
	PodTemplate *corev1.PodTemplateSpec `json:"podTemplate,omitempty"`
}

// User is whom the pods run as, and to whom the database's files belong.
type User struct {
	// UID is the number of the user, not 0. Default: 1000.
	UID *int64 `json:"uid,omitempty"`
	// GID is the number of the user's group, and of the volume's. Default: the uid.
	GID *int64 `json:"gid,omitempty"`
	// Assigned is for namespaces that assign both numbers, as OpenShift's do: the pods ask for no user and no group. Default: false.
	Assigned bool `json:"assigned,omitempty"`
}

// Coordinator describes the coordinator's pod and its standby's.
type Coordinator struct {
	// Standby asks for a standby coordinator on a node of its own. Default: true.
	Standby *bool `json:"standby,omitempty"`
	// Pods is where the pods may run and what they may use.
	Pods `json:",inline"`
}

// Segments describes the pods of the primaries and of their mirrors.
type Segments struct {
	// Count is the number of primaries, 1 to 10000.
	Count int32 `json:"count"`
	// PerPod is the number of primaries in one pod. Default: 1.
	PerPod int32 `json:"perPod,omitempty"`
	// Mirrors asks for a mirror of every primary, in a pod of its own. Default: true.
	Mirrors *bool `json:"mirrors,omitempty"`
	// Pods is where the pods may run and what they may use.
	Pods `json:",inline"`
}

// AntiAffinity says whether an instance may share a node with its other copy.
type AntiAffinity string

// The values of AntiAffinity.
const (
	// AntiAffinityRequired never places a mirror beside its primary, or the standby beside the coordinator.
	AntiAffinityRequired AntiAffinity = "required"
	// AntiAffinityPreferred avoids it where the nodes allow.
	AntiAffinityPreferred AntiAffinity = "preferred"
	// AntiAffinityNone does not care.
	AntiAffinityNone AntiAffinity = "none"
)

// Pods is where the pods of a role may run and what they may use.
type Pods struct {
	// AntiAffinity is required, preferred or none: whether both copies may share a node. Default: required.
	AntiAffinity AntiAffinity `json:"antiAffinity,omitempty"`
	// TopologyKey is the node label within whose value "the same node" is meant. Default: kubernetes.io/hostname.
	TopologyKey string `json:"topologyKey,omitempty"`
	// NodeSelector is as in a pod.
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`
	// Tolerations are as in a pod.
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`
	// PriorityClassName is as in a pod.
	PriorityClassName string `json:"priorityClassName,omitempty"`
	// SchedulerName is as in a pod.
	SchedulerName string `json:"schedulerName,omitempty"`
	// Resources are the requests and limits of the database container.
	Resources Resources `json:"resources,omitempty"`
	// Storage is the volume of each pod.
	Storage Storage `json:"storage,omitempty"`
}

// Resources are requests and limits by resource name, as in a container.
type Resources struct {
	// Requests are what the scheduler sets aside.
	Requests corev1.ResourceList `json:"requests,omitempty"`
	// Limits are what the kubelet enforces. Settings are derived from the memory limit, or the memory request without one.
	Limits corev1.ResourceList `json:"limits,omitempty"`
}

// Storage is the volume of each pod.
type Storage struct {
	// Size is what each pod claims. Default: 10Gi.
	Size *resource.Quantity `json:"size,omitempty"`
	// ClassName is the storage class. Absent: the cluster's default class.
	ClassName *string `json:"className,omitempty"`
}

// Database is what is inside the cluster when create is done.
type Database struct {
	// Name is the database to make. Empty: none but Greenplum's own.
	Name string `json:"name,omitempty"`
	// Locale is the locale of the instances, in UTF-8, or C; the image must have it. Default: en_US.UTF-8.
	Locale string `json:"locale,omitempty"`
	// Config are server settings. What is absent is derived from the resources.
	Config map[string]Setting `json:"config,omitempty"`
	// HBA are lines of pg_hba.conf for clients of the coordinator.
	HBA []string `json:"hba,omitempty"`
	// Extensions are made in the database, or in postgres if none is named. The image must have them.
	Extensions []string `json:"extensions,omitempty"`
	// PasswordSecret names a Secret of the namespace: each key is a role and its value that role's password. Roles that do not
	// exist are made, with the right to log in.
	PasswordSecret string `json:"passwordSecret,omitempty"`
}

// Setting is the value of a server setting, as text. In cluster.yaml it may be text, a number or a boolean, since people write
// settings as postgresql.conf does: max_connections: 250, optimizer: off, fsync: true.
type Setting string

// Network is how clients reach the coordinator.
type Network struct {
	// ClusterDomain is the DNS domain of the Kubernetes cluster. The pods find it in their /etc/resolv.conf, unless a podTemplate has
	// them go without the kubelet's.
	ClusterDomain string `json:"clusterDomain,omitempty"`
	// Service is the client Service.
	Service Service `json:"service,omitempty"`
	// SegmentsOpenToAllPods leaves out the NetworkPolicies by which only the cluster's own pods reach ssh and the segments' ports. Every pod
	// of the Kubernetes cluster is then any role of the database, without a password: Greenplum's internal protocol does not ask pg_hba.conf.
	SegmentsOpenToAllPods bool `json:"segmentsOpenToAllPods,omitempty"`
	// NetworkPolicy: false is what SegmentsOpenToAllPods was called. Only records of earlier clusters have it.
	NetworkPolicy *bool `json:"networkPolicy,omitempty"`
}

// TLS is the certificate that clients see, from a Secret or of gpk's own.
type TLS struct {
	// Secret names a Secret of the namespace with tls.crt, tls.key and ca.crt, as cert-manager makes it. A changed Secret takes effect by
	// itself; on Greenplum 6, with the next restart.
	Secret string `json:"secret,omitempty"`
	// SelfSigned has gpk make an authority and a certificate of it, in Secret NAME-tls. Default: false.
	SelfSigned bool `json:"selfSigned,omitempty"`
	// Names are further names by which clients reach the coordinator, such as that of a load balancer. Default: none.
	Names []string `json:"names,omitempty"`
	// Required refuses clients without TLS: lines of spec.database.hba that begin with host then mean hostssl. Default: false.
	Required bool `json:"required,omitempty"`
}

// Service is the client Service.
type Service struct {
	// Type is ClusterIP, NodePort or LoadBalancer. Default: ClusterIP.
	Type corev1.ServiceType `json:"type,omitempty"`
	// Annotations are set on the Service.
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Backup is where the backups of the databases are.
type Backup struct {
	// Storage is what gpbackup writes to, and gprestore reads from.
	Storage BackupStorage `json:"storage,omitempty"`
}

// BackupStorage is what gpbackup writes to, and gprestore reads from.
type BackupStorage struct {
	// S3 is a bucket of an object storage.
	S3 *S3 `json:"s3,omitempty"`
}

// S3 is a bucket of an object storage, which gpbackup_s3_plugin writes to.
type S3 struct {
	// Endpoint is the URL of the storage, such as https://s3.example:9000. Empty: that of Amazon in the region.
	Endpoint string `json:"endpoint,omitempty"`
	// Region is the region of the bucket. Default: us-east-1.
	Region string `json:"region,omitempty"`
	// Bucket is the name of the bucket. gpk makes none.
	Bucket string `json:"bucket"`
	// Folder is the folder of the backups in the bucket. Empty: NAMESPACE/NAME of the cluster.
	Folder string `json:"folder,omitempty"`
	// Secret names a Secret of the namespace with the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
	Secret string `json:"secret"`
	// CASecret names a Secret of the namespace whose key ca.crt has the certificates of those that may certify the endpoint. Empty: those
	// that the image and gpk's own machine trust.
	CASecret string `json:"caSecret,omitempty"`
}
