//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/remotecommand"
	"sigs.k8s.io/yaml"
)

const testNamespace = "bench-test"

// clusterUnderTest is the cluster of the bench, seen by its users.
type clusterUnderTest struct {
	*kubernetes.Clientset
	config *rest.Config
}

func (b benchUnderTest) cluster(t *testing.T) clusterUnderTest {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(b.dir, "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return clusterUnderTest{clients, config}
}

// podManifest is a pod as gpk makes them: restricted, with a volume and a host name.
const podManifest = `
metadata: {name: NAME, labels: {app: t, pod: NAME}}
spec:
  hostname: NAME
  subdomain: t
  nodeName: ""
  nodeSelector: {kubernetes.io/hostname: NODE}
  terminationGracePeriodSeconds: 0
  tolerations: # it waits for its node, should that be lost
    - {key: node.kubernetes.io/unreachable, operator: Exists}
    - {key: node.kubernetes.io/not-ready, operator: Exists}
  securityContext:
    runAsNonRoot: true
    runAsUser: 1000
    runAsGroup: 1000
    fsGroup: 1000
    seccompProfile: {type: RuntimeDefault}
    sysctls:
      - {name: net.ipv4.ip_unprivileged_port_start, value: "0"}
  containers:
    - name: c
      image: bench.test/busybox:1
      command: [sh, -c, "while true; do nc -l -p 22 -e hostname; done"]
      ports: [{name: ssh, containerPort: 22}]
      securityContext:
        allowPrivilegeEscalation: false
        capabilities: {drop: [ALL]}
      volumeMounts: [{name: data, mountPath: /data}]
  volumes:
    - name: data
      persistentVolumeClaim: {claimName: NAME}
`

func (c clusterUnderTest) makePod(t *testing.T, name, node string) {
	t.Helper()
	c.makeClaim(t, name, nil)
	c.create(t, newPod(t, name, node))
}

// makeClaim makes a claim of a storage class, nil for the default one.
func (c clusterUnderTest) makeClaim(t *testing.T, name string, class *string) {
	t.Helper()
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:        corev1.VolumeResourceRequirements{Requests: oneMega()},
			StorageClassName: class,
		},
	}
	if _, err := c.CoreV1().PersistentVolumeClaims(testNamespace).Create(t.Context(), claim, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func newPod(t *testing.T, name, node string) *corev1.Pod {
	t.Helper()
	pod := &corev1.Pod{}
	manifest := strings.NewReplacer("NAME", name, "NODE", node).Replace(podManifest)
	if err := yaml.UnmarshalStrict([]byte(manifest), pod); err != nil {
		t.Fatal(err)
	}
	return pod
}

func testPods(t *testing.T, c clusterUnderTest) {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: testNamespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if _, err := c.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	headless := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "t"},
		Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone, PublishNotReadyAddresses: true, Selector: map[string]string{"app": "t"},
		},
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "two"},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"pod": "two"},
			Ports:    []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(22)}},
		},
	}
	for _, s := range []*corev1.Service{headless, service} {
		if _, err := c.CoreV1().Services(testNamespace).Create(t.Context(), s, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	c.makePod(t, "one", "node1")
	c.makePod(t, "two", "node2")
	c.makePod(t, "three", "node2")
	for _, name := range []string{"one", "two", "three"} {
		c.waitRunning(t, name)
	}
	if took := time.Since(begin); took > 9*time.Second {
		// The kubelet's wait of 10 to 15 s before it looks at a claim again would show here.
		t.Errorf("three pods with volumes took %s to run", took.Round(time.Second))
	}
	testExec(t, c)
	testVolumes(t, c)
	testNames(t, c)
	testPrivileged(t, c)
	testClaimRemoved(t, c)
}

func testExec(t *testing.T, c clusterUnderTest) {
	request := c.execURL("one", "id", "-u").String()
	socket, err := remotecommand.NewWebSocketExecutor(c.config, "GET", request)
	if err != nil {
		t.Fatal(err)
	}
	spdy, err := remotecommand.NewSPDYExecutor(c.config, "POST", c.execURL("one", "id", "-u"))
	if err != nil {
		t.Fatal(err)
	}
	for name, executor := range map[string]remotecommand.Executor{"WebSocket": socket, "SPDY": spdy} {
		out, err := stream(t.Context(), executor)
		if err != nil || strings.TrimSpace(out) != "1000" {
			t.Errorf("exec over %s: %q, %v; want uid 1000", name, out, err)
		}
	}
}

func testVolumes(t *testing.T, c clusterUnderTest) {
	c.want(t, "one", "1000 drwxrwsr-x", "stat", "-c", "%g %A", "/data")
	c.want(t, "one", "", "sh", "-c", "echo kept > /data/file")
	c.want(t, "one", "kept", "cat", "/data/file")
}

func testNames(t *testing.T, c clusterUnderTest) {
	const domain = "." + testNamespace + ".svc.cluster.local"
	for _, from := range []string{"one", "two"} {
		for _, to := range []string{"one", "two", "three"} {
			ip := c.pod(t, to).Status.PodIP
			// The host's name, by DNS and over the network, and back from the address.
			c.want(t, from, to, "nc", "-w", "3", to+".t", "22")
			out, err := c.exec(t.Context(), from, "nslookup", ip)
			if err != nil || !strings.Contains(out, to+".t"+domain) {
				t.Errorf("name of %s (%s) asked in %s: %v\n%s", to, ip, from, err, out)
			}
		}
		c.want(t, from, "two", "nc", "-w", "3", "two"+domain, "80")
	}
	if out, err := c.exec(t.Context(), "one", "nslookup", "nowhere.example."); !strings.Contains(out, "NXDOMAIN") {
		t.Errorf("a name of the world outside: %v\n%s", err, out)
	}
}

func testPrivileged(t *testing.T, c clusterUnderTest) {
	privileged := true
	_, err := c.CoreV1().Pods(testNamespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "privileged"},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "c", Image: busyboxReference, SecurityContext: &corev1.SecurityContext{Privileged: &privileged},
		}}},
	}, metav1.CreateOptions{})
	if err == nil || !strings.Contains(err.Error(), "violates PodSecurity") {
		t.Errorf("a privileged pod in a restricted namespace: %v", err)
	}
}

// testClaimRemoved sees a volume go with its claim.
func testClaimRemoved(t *testing.T, c clusterUnderTest) {
	if err := c.CoreV1().Pods(testNamespace).Delete(t.Context(), "three", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.CoreV1().PersistentVolumeClaims(testNamespace).Delete(t.Context(), "three", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, func() error {
		volumes, err := c.CoreV1().PersistentVolumes().List(t.Context(), metav1.ListOptions{})
		if err == nil && len(volumes.Items) != 2 {
			err = fmt.Errorf("%d volumes are left, want 2", len(volumes.Items))
		}
		return err
	})
}

func testMissingImage(t *testing.T, c clusterUnderTest) {
	pod := newPod(t, "missing", "node1")
	pod.Spec.Containers[0].Image = "bench.test/nowhere:1"
	pod.Spec.Volumes, pod.Spec.Containers[0].VolumeMounts = nil, nil
	c.create(t, pod)
	eventually(t, 10*time.Second, func() error {
		for _, s := range c.pod(t, "missing").Status.ContainerStatuses {
			if w := s.State.Waiting; w != nil && (w.Reason == "ErrImagePull" || w.Reason == "ImagePullBackOff") {
				return nil
			}
		}
		return fmt.Errorf("a missing image is not said to be missing")
	})
	if err := c.CoreV1().Pods(testNamespace).Delete(t.Context(), "missing", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// testDataIsBack sees, after all machines died, the same pod with its data.
func testDataIsBack(t *testing.T, c clusterUnderTest) {
	eventually(t, time.Minute, func() error {
		out, err := c.exec(t.Context(), "one", "cat", "/data/file")
		if err == nil && strings.TrimSpace(out) != "kept" {
			err = fmt.Errorf("the file holds %q", out)
		}
		return err
	})
	c.want(t, "one", "two", "nc", "-w", "3", "two", "80")
}

func (c clusterUnderTest) waitRunning(t *testing.T, name string) {
	t.Helper()
	eventually(t, time.Minute, func() error {
		if phase := c.pod(t, name).Status.Phase; phase != corev1.PodRunning {
			return fmt.Errorf("pod %s is %s", name, phase)
		}
		return nil
	})
}

func (c clusterUnderTest) pod(t *testing.T, name string) *corev1.Pod {
	t.Helper()
	pod, err := c.CoreV1().Pods(testNamespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return pod
}

// want runs a command in a pod; its output has to begin so.
func (c clusterUnderTest) want(t *testing.T, pod, output string, command ...string) {
	t.Helper()
	eventually(t, 5*time.Second, func() error {
		out, err := c.exec(t.Context(), pod, command...)
		if err != nil || strings.TrimSpace(out) != output {
			return fmt.Errorf("%v in %s: %q, %w; want %q", command, pod, out, err, output)
		}
		return nil
	})
}

func (c clusterUnderTest) exec(ctx context.Context, pod string, command ...string) (string, error) {
	executor, err := remotecommand.NewWebSocketExecutor(c.config, "GET", c.execURL(pod, command...).String())
	if err != nil {
		return "", err
	}
	return stream(ctx, executor)
}

func stream(ctx context.Context, executor remotecommand.Executor) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var out, complaints bytes.Buffer // each is written by a goroutine of its own
	err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &complaints})
	return out.String() + complaints.String(), err
}

func eventually(t *testing.T, timeout time.Duration, ask func() error) {
	t.Helper()
	deadline := time.Now().Add(timeout)
	for {
		err := ask()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %v", timeout, err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func oneMega() corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Mi")}
}

func (c clusterUnderTest) execURL(pod string, command ...string) *url.URL {
	return c.CoreV1().RESTClient().Post().Namespace(testNamespace).Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Command: command, Stdout: true, Stderr: true}, scheme.ParameterCodec).URL()
}
