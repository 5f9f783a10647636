// Package byhand makes a Greenplum on Kubernetes as an administrator would without gpk: create.sh is the whole of it. In Go it
// makes the same pods, with no database in them, for tests of Greenplum's utilities.
package byhand

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"embed"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"gpk/test/kube"
)

//go:embed service.yaml statefulset.yaml start.sh
var files embed.FS

// Role is a stateful set of pods, which are called after it: primary-0, primary-1 …
type Role struct {
	Name string
	Pods int
}

// Pods are the names of the pods of roles.
func Pods(roles []Role) []string {
	var names []string
	for _, role := range roles {
		for i := range role.Pods {
			names = append(names, fmt.Sprintf("%s-%d", role.Name, i))
		}
	}
	return names
}

// Host is the name by which the other pods reach a pod.
func Host(namespace, pod string) string { return pod + ".gp." + namespace + ".svc.cluster.local" }

// Create makes pods of an image in a namespace, and waits until all of them are ready, which means reachable by ssh.
func Create(ctx context.Context, n *kube.Namespace, image string, roles []Role) error {
	keys, err := newKeys()
	if err != nil {
		return err
	}
	script, err := files.ReadFile("start.sh")
	if err != nil {
		return err
	}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "gp"}, Data: map[string]string{"start.sh": string(script)}}
	service := &corev1.Service{}
	if err := decode("service.yaml", service); err != nil {
		return err
	}
	if _, err := n.Client.CoreV1().Secrets(n.Name).Create(ctx, keys, metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := n.Client.CoreV1().ConfigMaps(n.Name).Create(ctx, config, metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := n.Client.CoreV1().Services(n.Name).Create(ctx, service, metav1.CreateOptions{}); err != nil {
		return err
	}
	for _, role := range roles {
		set := &appsv1.StatefulSet{}
		if err := decode("statefulset.yaml", set, "ROLE", role.Name, "REPLICAS", fmt.Sprint(role.Pods), "IMAGE", image); err != nil {
			return err
		}
		if _, err := n.Client.AppsV1().StatefulSets(n.Name).Create(ctx, set, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return Ready(ctx, n, roles)
}

// Ready waits until all pods of the roles are there and ready.
func Ready(ctx context.Context, n *kube.Namespace, roles []Role) error {
	return kube.Until(ctx, "all pods are ready", func() (bool, error) {
		list, err := n.Client.CoreV1().Pods(n.Name).List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		waiting := Pods(roles)
		for _, pod := range list.Items {
			ready := slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
				return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
			})
			if ready && pod.DeletionTimestamp == nil {
				waiting = slices.DeleteFunc(waiting, func(name string) bool { return name == pod.Name })
			}
		}
		return len(waiting) == 0, fmt.Errorf("not ready yet: %s", strings.Join(waiting, " "))
	})
}

// decode reads one of the manifests, with words in it replaced, in pairs.
func decode(file string, into any, words ...string) error {
	data, err := files.ReadFile(file)
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalStrict([]byte(strings.NewReplacer(words...).Replace(string(data))), into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// newKeys makes the ssh key pair with which every pod reaches every other.
func newKeys() (*corev1.Secret, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "gpadmin")
	if err != nil {
		return nil, err
	}
	authorized, err := ssh.NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "gp-ssh"}, Data: map[string][]byte{
		"id_ed25519":      pem.EncodeToMemory(block),
		"authorized_keys": ssh.MarshalAuthorizedKey(authorized),
	}}, nil
}
