package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/kube"
)

// manySegments is the size of the cluster whose manifests are applied. Most of its objects are the claims of its volumes, one
// for each primary and each mirror.
const manySegments = 1000

// workers is how many requests the bare client has under way.
const workers = 32

// applies measures how long all manifests of a large cluster take: by gpk's own steps, with what they look up before and
// after; by `kubectl apply --server-side`; and by a client that does nothing but one request for each. The stateful sets
// have no replicas, so that no controller makes pods meanwhile.
//
// On a small machine all three wait for the processors that the API server has as well. So it is measured once more with an
// API server that is a network away, where they wait for answers.
func (m *measure) applies() ([]row, error) {
	near, err := m.appliesAt("")
	if err != nil {
		return nil, err
	}
	ctx, done := context.WithCancel(m.ctx)
	defer done()
	distant, err := m.distant(ctx)
	if err != nil {
		return nil, err
	}
	far, err := distant.appliesAt(fmt.Sprintf(", API server %d ms away", roundTrip.Milliseconds()))
	return append(near, far...), err
}

func (m *measure) appliesAt(where string) ([]row, error) {
	contestants := []struct {
		name string
		run  func(*kube.Namespace, plan.Plan) (float64, error)
	}{
		{"gpk", m.applyWithGpk},
		{"kubectl apply --server-side", m.applyWithKubectl},
		{fmt.Sprintf("bare client, %d workers", workers), m.applyWithBareClient},
	}
	samples := make([][]float64, len(contestants))
	objects := 0
	for i := range m.runs {
		for j := range contestants {
			turn := (i + j) % len(contestants)
			err := m.inNamespace(func(n *kube.Namespace) error {
				p, err := manifests(n.Name, m.image)
				if err != nil {
					return err
				}
				objects = len(p.Objects())
				seconds, err := contestants[turn].run(n, p)
				if err != nil {
					return fmt.Errorf("%s: %w", contestants[turn].name, err)
				}
				m.say("%d objects by %s: %.2f s%s", objects, contestants[turn].name, seconds, where)
				samples[turn] = append(samples[turn], seconds)
				return m.wantObjects(n, p)
			})
			if err != nil {
				return nil, err
			}
		}
	}
	what := fmt.Sprintf("manifests of %d segments applied (%d objects)%s", manySegments, objects, where)
	return []row{
		{what: what, ours: samples[0], unit: "s", against: contestants[1].name, theirs: samples[1], wanted: bound{20, true}},
		{what: what, ours: samples[0], unit: "s", against: contestants[2].name, theirs: samples[2], wanted: bound{0.7, true}},
	}, nil
}

// manifests is what create applies for a large cluster, and nothing of its other steps.
func manifests(namespace, image string) (plan.Plan, error) {
	c, err := topology.Load([]byte(clusterFile(namespace, image, manySegments)), "measured")
	if err != nil {
		return plan.Plan{}, err
	}
	whole, err := plan.Create(c)
	if err != nil {
		return plan.Plan{}, err
	}
	p := plan.Plan{Operation: whole.Operation, Cluster: whole.Cluster}
	for _, step := range whole.Steps {
		// Objects alone: where their pods are to run is another thing.
		if action, ok := step.Action.(plan.Apply); ok {
			step.Action = plan.Apply{Objects: action.Objects}
			p.Steps = append(p.Steps, step)
		}
	}
	for _, object := range p.Objects() {
		if set, ok := object.(*appsv1.StatefulSet); ok {
			set.Spec.Replicas = new(int32(0))
		}
	}
	return p, nil
}

func (m *measure) applyWithGpk(_ *kube.Namespace, p plan.Plan) (float64, error) {
	return timed(func() error {
		target, err := apply.NewTarget(m.kube.Config, p.Cluster)
		if err != nil {
			return err
		}
		_, err = target.Run(m.ctx, p, apply.Options{}, apply.Observers{Observe: func(engine.Event) {}})
		return err
	})
}

func (m *measure) applyWithKubectl(n *kube.Namespace, p plan.Plan) (float64, error) {
	dir := filepath.Join(m.dir, n.Name)
	if err := os.Mkdir(dir, 0o755); err != nil { //nolint:gosec // a folder of manifests
		return 0, err
	}
	for i, object := range p.Objects() {
		data, err := yaml.Marshal(object)
		if err != nil {
			return 0, err
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d.yaml", i)), data, 0o600); err != nil {
			return 0, err
		}
	}
	return timed(func() error {
		_, err := m.output(m.kubectl, "apply", "--server-side", "-f", dir)
		return err
	})
}

func (m *measure) applyWithBareClient(n *kube.Namespace, p plan.Plan) (float64, error) {
	client, err := kubernetes.NewForConfig(m.kube.Config)
	if err != nil {
		return 0, err
	}
	return timed(func() error {
		group, ctx := errgroup.WithContext(m.ctx)
		group.SetLimit(workers)
		for _, object := range p.Objects() {
			group.Go(func() error { return applyOne(ctx, client, n.Name, object) })
		}
		return group.Wait()
	})
}

func applyOne(ctx context.Context, client kubernetes.Interface, namespace string, object plan.Object) error {
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	kind := object.GetObjectKind().GroupVersionKind()
	group, err := restClient(client, kind.Group)
	if err != nil {
		return err
	}
	return group.Patch(types.ApplyPatchType).Namespace(namespace).Resource(resource(kind.Kind)).Name(object.GetName()).
		VersionedParams(&metav1.PatchOptions{FieldManager: "bare"}, metav1.ParameterCodec).Body(body).Do(ctx).Error()
}

func restClient(client kubernetes.Interface, group string) (rest.Interface, error) {
	switch group {
	case "":
		return client.CoreV1().RESTClient(), nil
	case "apps":
		return client.AppsV1().RESTClient(), nil
	case "networking.k8s.io":
		return client.NetworkingV1().RESTClient(), nil
	case "policy":
		return client.PolicyV1().RESTClient(), nil
	}
	return nil, fmt.Errorf("there is no client for the group %q", group)
}

// resource is the plural of a kind, as the API's paths have it.
func resource(kind string) string {
	if stem, found := strings.CutSuffix(strings.ToLower(kind), "y"); found {
		return stem + "ies"
	}
	return strings.ToLower(kind) + "s"
}

// wantObjects makes sure that whoever was fast has made everything.
func (m *measure) wantObjects(n *kube.Namespace, p plan.Plan) error {
	claims, err := m.kube.Client.CoreV1().PersistentVolumeClaims(n.Name).List(m.ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	sets, err := m.kube.Client.AppsV1().StatefulSets(n.Name).List(m.ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var wantClaims, wantSets int
	for _, object := range p.Objects() {
		switch object.GetObjectKind().GroupVersionKind().Kind {
		case "PersistentVolumeClaim":
			wantClaims++
		case "StatefulSet":
			wantSets++
		}
	}
	if len(claims.Items) != wantClaims || len(sets.Items) != wantSets {
		return fmt.Errorf("%d claims and %d stateful sets were made instead of %d and %d",
			len(claims.Items), len(sets.Items), wantClaims, wantSets)
	}
	return nil
}
