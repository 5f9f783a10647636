package record

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"gpk/pkg/plan"
	"gpk/test/apitest"
)

func TestRecord(t *testing.T) {
	a := apitest.New()
	target := clusterFor(t, apitest.ConfigOf(a))
	if record, err := target.store.Record(t.Context()); err != nil || record.Spec != "" || record.Journal != nil {
		t.Errorf("of an unknown cluster: %+v, error %v", record, err)
	}
	notes := &Journal{store: target.store, Record: Record{Spec: "the spec"}, plan: plan.Plan{Operation: "create"}}
	for i := range journalLength + 5 {
		if err := notes.Note(t.Context(), plan.Step{ID: "pods"}, "started", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	record, err := target.store.Record(t.Context())
	if err != nil || record.Spec != "the spec" || len(record.Journal) != journalLength {
		t.Fatalf("%d entries, spec %q, error %v", len(record.Journal), record.Spec, err)
	}
	// The latest are kept, in their order.
	first, last := record.Journal[0], record.Journal[journalLength-1]
	if first.Detail != "5" || last.Detail != fmt.Sprint(journalLength+4) || last.Operation != "create" || last.Step != "pods" || last.Event != "started" || last.Time.IsZero() {
		t.Errorf("the first entry is %+v and the last %+v", first, last)
	}
	if names, err := Clusters(t.Context(), target.kube); err != nil || fmt.Sprint(names) != "[demo]" {
		t.Errorf("clusters %q, error %v", names, err)
	}
	for range 2 {
		if err := target.store.Forget(t.Context()); err != nil {
			t.Errorf("forgetting: %v", err)
		}
	}
	if a.Get("configmaps", "demo-gpk") != nil {
		t.Error("the record is left")
	}
}

// However often something fails, and however much it has to say, the record has room in a ConfigMap, and keeps what was last.
func TestRecordSize(t *testing.T) {
	a := apitest.New()
	target := clusterFor(t, apitest.ConfigOf(a))
	failure := "step segments: gprecoverseg failed\n" + strings.Repeat("demo-primary-12: \x01<é\n", 1000) + "no space left"
	size := func() (size int) {
		record, _ := a.Get("configmaps", "demo-gpk").(*corev1.ConfigMap)
		for _, part := range record.Data {
			size += len(part)
		}
		return size
	}
	// An earlier gpk may have kept whole details.
	kept := Record{Spec: strings.Repeat("x", 1<<16), Unfinished: &Unfinished{Operation: "resize", From: strings.Repeat("f", 1<<16)}, Journal: []Entry{{Detail: failure}}}
	notes := target.store.Journal(kept, plan.Plan{Operation: "recover"})
	for i := range journalLength {
		notes.Record.Journal = append(notes.Record.Journal, Entry{Step: fmt.Sprint(i), Detail: failure})
	}
	for range 3 {
		if err := notes.Note(t.Context(), plan.Step{ID: "segments"}, "failed", failure); err != nil {
			t.Fatal(err)
		}
	}
	if got := size(); got > 1<<17+journalSize+1000 {
		t.Errorf("the record has %d bytes", got)
	}
	record, err := target.store.Record(t.Context())
	if err != nil || record.Spec != kept.Spec || len(record.Journal) < 50 {
		t.Fatalf("%d entries, error %v", len(record.Journal), err)
	}
	last := record.Journal[len(record.Journal)-1]
	if len(last.Detail) > detailSize || last.Step != "segments" || !strings.HasPrefix(last.Detail, "step segments: ") ||
		!strings.HasSuffix(last.Detail, "no space left") || !utf8.ValidString(last.Detail) {
		t.Errorf("the last entry is %+v", last)
	}

	// The journal explains; the rest decides.
	notes.Record.Spec, notes.Record.Unfinished.From = strings.Repeat("x", 450<<10), strings.Repeat("f", 449<<10)
	if err := notes.Note(t.Context(), plan.Step{ID: "segments"}, "failed", failure); err != nil {
		t.Fatal(err)
	}
	if got := size(); got > recordSize {
		t.Errorf("the record has %d bytes", got)
	}
	if record, err = target.store.Record(t.Context()); err != nil || record.Spec != notes.Record.Spec {
		t.Errorf("of a large file: error %v", err)
	}
}

// No secret gets into the journal.
func TestNoteHidesSecrets(t *testing.T) {
	target := clusterFor(t, apitest.ConfigOf(apitest.New()))
	notes := target.store.Journal(Record{}, plan.Plan{})
	err := notes.Note(t.Context(), plan.Step{}, "failed", "the coordinator refuses host all all all ldap ldapbindpasswd=hunter2")
	if err != nil || strings.Contains(notes.Record.Journal[0].Detail, "hunter2") {
		t.Errorf("%+v, error %v", notes.Record.Journal, err)
	}
}

// The journal explains and decides nothing: one that somebody spoiled is empty, and the spec is still there.
func TestRecordEditedByHand(t *testing.T) {
	for _, journal := range []string{"", "not JSON", `{"an":"object"}`, `[{"time":"yesterday"}]`} {
		a := apitest.New()
		a.Put(&corev1.ConfigMap{ObjectMeta: apitest.Meta("demo-gpk", "demo"), Data: map[string]string{specKey: "the spec", journalKey: journal}})
		record, err := clusterFor(t, apitest.ConfigOf(a)).store.Record(t.Context())
		if err != nil || record.Spec != "the spec" || len(record.Journal) != 0 {
			t.Errorf("of the journal %q: %+v, error %v", journal, record, err)
		}
	}
}

// An operation or a release of which half is gone cannot be worked with, and whoever asks is told what to restore.
func TestRecordHalfEdited(t *testing.T) {
	for key, text := range map[string]string{unfinishedKey: "{}", previousKey: `{"version": "7.1.0"}`} {
		record, err := read(&corev1.ConfigMap{ObjectMeta: apitest.Meta("demo-gpk", "demo"), Data: map[string]string{key: text}})
		if !IsUnreadable(err) || record.Unfinished != nil || record.Previous != nil {
			t.Errorf("%s %s is read as %+v, error %v", key, text, record, err)
		}
	}
}

// A ConfigMap that looks like a record of a cluster, and isn't one, names no cluster.
func TestClustersAreThoseWithARecord(t *testing.T) {
	a := apitest.New()
	a.Put(&corev1.ConfigMap{ObjectMeta: apitest.Meta("demo-scripts", "demo")}, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x-gpk"}})
	if names, err := Clusters(t.Context(), clusterFor(t, apitest.ConfigOf(a)).kube); err != nil || len(names) != 0 {
		t.Errorf("clusters %q, error %v", names, err)
	}
}

// Volumes that delete has left are a cluster too, for a user who may see them. Who may not is not kept from the others.
func TestClustersWithoutTheRightToVolumes(t *testing.T) {
	a := apitest.New()
	a.Put(&corev1.ConfigMap{ObjectMeta: apitest.Meta("demo-gpk", "demo")}, &corev1.PersistentVolumeClaim{ObjectMeta: apitest.Meta("data-left-primary-0", "left")})
	if names, err := Clusters(t.Context(), clusterFor(t, apitest.ConfigOf(a)).kube); err != nil || fmt.Sprint(names) != "[demo left]" {
		t.Errorf("clusters %q, error %v", names, err)
	}
	claims := schema.GroupResource{Resource: "persistentvolumeclaims"}
	for _, fault := range []struct {
		error
		names string
	}{
		{apierrors.NewForbidden(claims, "", errors.New("no right")), "[demo]"},
		{apierrors.NewServiceUnavailable("gone"), ""},
	} {
		a.FailWith(func(r *http.Request) error {
			if strings.HasSuffix(r.URL.Path, "/persistentvolumeclaims") {
				return fault.error
			}
			return nil
		})
		synctest.Test(t, func(t *testing.T) {
			names, err := Clusters(t.Context(), clusterFor(t, apitest.ConfigOf(a)).kube)
			if fault.names == "" && err == nil || fault.names != "" && (err != nil || fmt.Sprint(names) != fault.names) {
				t.Errorf("where claims are answered with %q: clusters %q, error %v", fault.error, names, err)
			}
		})
	}
}
