package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	selectors "k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// shelf is a fake: an API server that keeps what it is given, by path, and knows nothing of any of it. Nothing runs in its
// pods. It is here for what gpk asks and says before and after there is a database to speak of.
type shelf struct {
	mutex   sync.Mutex
	objects map[string]map[string]any
	// changes are the requests that changed something.
	changes []string
}

func (s *shelf) put(path string, object map[string]any) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	meta, _ := object["metadata"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
		object["metadata"] = meta
	}
	meta["name"], meta["resourceVersion"], meta["uid"] = filepath.Base(path), fmt.Sprint(len(s.changes)+1), path
	s.objects[path] = object
}

// ServeHTTP answers at once, also where a client would watch.
func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	path, dry := r.URL.Path, r.URL.Query().Get("dryRun") != ""
	body, _ := io.ReadAll(r.Body)
	given := map[string]any{}
	_ = json.Unmarshal(body, &given)
	if r.Method != http.MethodGet && !dry {
		s.mutex.Lock()
		s.changes = append(s.changes, r.Method+" "+path)
		s.mutex.Unlock()
	}
	if meta, ok := given["metadata"].(map[string]any); ok && r.Method == http.MethodPost {
		path += "/" + fmt.Sprint(meta["name"])
	}
	switch {
	case r.Method == http.MethodDelete:
		s.mutex.Lock()
		delete(s.objects, path)
		s.mutex.Unlock()
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Success"}`))
	case r.Method != http.MethodGet && dry:
		_ = json.NewEncoder(w).Encode(given)
	case r.Method != http.MethodGet:
		s.put(path, given)
		_ = json.NewEncoder(w).Encode(given)
	default:
		s.answer(w, r, path)
	}
}

func (s *shelf) answer(w http.ResponseWriter, r *http.Request, path string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if object := s.objects[path]; object != nil {
		_ = json.NewEncoder(w).Encode(object)
		return
	}
	// Behind the version there are pairs of a resource and a name, and a list has none at its end.
	words := strings.Split(path, "/")[3:]
	if strings.HasPrefix(path, "/apis/") {
		words = words[1:]
	}
	if len(words)%2 == 0 {
		w.WriteHeader(http.StatusNotFound)
		_, _ = fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"%s not found"}`, path)
		return
	}
	list := map[string]any{"apiVersion": "v1", "kind": "List", "metadata": map[string]any{"resourceVersion": "1"}}
	items := []any{}
	chosen, _ := selectors.Parse(r.URL.Query().Get("labelSelector"))
	for at, object := range s.objects {
		marks, _, _ := unstructured.NestedStringMap(object, "metadata", "labels")
		if filepath.Dir(at) == path && chosen.Matches(selectors.Set(marks)) {
			items = append(items, object)
			list["apiVersion"], list["kind"] = object["apiVersion"], fmt.Sprint(object["kind"])+"List"
		}
	}
	list["items"] = items
	if strings.Contains(r.Header.Get("Accept"), "PartialObjectMetadataList") {
		list["apiVersion"], list["kind"] = "meta.k8s.io/v1", "PartialObjectMetadataList"
	}
	_ = json.NewEncoder(w).Encode(list)
}

const analytics = "/api/v1/namespaces/analytics/"

// record keeps a cluster as gpk would have it.
func (s *shelf) record(t *testing.T, c *topology.Cluster, unfinished *record.Unfinished) {
	t.Helper()
	spec, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	data := map[string]any{"cluster.yaml": string(spec), "journal.json": "[]"}
	if unfinished != nil {
		text, err := json.Marshal(unfinished)
		if err != nil {
			t.Fatal(err)
		}
		data["unfinished.json"] = string(text)
	}
	name := c.Metadata.Name
	s.put(analytics+"configmaps/"+name+"-gpk", map[string]any{"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"labels": labels(name)}, "data": data})
}

func labels(cluster string) map[string]any {
	labels := map[string]any{}
	for key, value := range plan.Labels(cluster) {
		labels[key] = value
	}
	return labels
}

// has says whether there is an object.
func (s *shelf) has(path string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.objects[path] != nil
}

// ran is what gpk left.
type ran struct {
	status   int
	out, err string
}

// serve starts a shelf, to which the kubeconfig leads with a namespace of its own, and returns how gpk is run against it.
func (s *shelf) serve(t *testing.T, namespace string) func(args ...string) ran {
	t.Helper()
	s.objects = map[string]map[string]any{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return served(t, server.URL, namespace)
}

// served leads the kubeconfig to a server, with a namespace of its own, and returns how gpk is run against it.
func served(t *testing.T, url, namespace string) func(args ...string) ran {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: here, clusters: [{name: fake, cluster: {server: "%s"}}],
contexts: [{name: here, context: {cluster: fake, user: me, namespace: %s}}], users: [{name: me, user: {token: x}}]}`, url, namespace)
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	return func(args ...string) ran { return typed(t, "", args...) }
}

// typed runs gpk with an input that is no terminal.
func typed(t *testing.T, input string, args ...string) ran {
	t.Helper()
	var out, err strings.Builder
	code := run(t.Context(), args, streams{strings.NewReader(input), &out, &err})
	return ran{code, out.String(), err.String()}
}

// written is a cluster.yaml.
func written(t *testing.T, c *topology.Cluster) string {
	t.Helper()
	text, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cluster.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (r ran) wants(t *testing.T, status int, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(r.out+r.err, word) {
			t.Errorf("%q is not in what gpk says:\n%s%.2000s", word, r.err, r.out)
		}
	}
	if r.status != status {
		t.Errorf("exit status %d, wanted %d:\n%s%.2000s", r.status, status, r.err, r.out)
	}
}

// TestShelf is of the fake itself: it keeps, lists and lets go.
func TestShelf(t *testing.T) {
	s := &shelf{}
	gpk := s.serve(t, "analytics")
	gpk("stop").wants(t, 1, `there is no cluster in the namespace "analytics"`)
	c := clusterOf(t, "7.1.0", "x/greenplum")
	s.record(t, c, nil)
	gpk("delete", "--delete-data", "--confirm", "demo").wants(t, 0, "nothing of demo is left")
	if s.has(analytics+"configmaps/demo-gpk") || !slices.Contains(s.changes, "DELETE "+analytics+"configmaps/demo-gpk") {
		t.Errorf("the record is left; %q", s.changes)
	}
}
