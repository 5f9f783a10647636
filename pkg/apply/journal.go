package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
)

// Entry is one line of the journal: what gpk was about to do, or had done. The journal explains to people; no decision is
// made from it.
type Entry struct {
	Time      time.Time `json:"time"`
	Operation string    `json:"operation"`
	Step      string    `json:"step,omitempty"`
	Event     string    `json:"event"`
	Detail    string    `json:"detail,omitempty"`
}

// Keys of the ConfigMap that holds what gpk knows of a cluster beside the objects themselves.
const (
	specKey    = "cluster.yaml"
	journalKey = "journal.json"
	// journalLength bounds the journal: a ConfigMap holds a mebibyte.
	journalLength = 300
)

// Record is what gpk keeps of a cluster, in a ConfigMap, so that any machine with access can resume and inspect.
type Record struct {
	// Spec is cluster.yaml as it was last applied, with defaults. Empty: never.
	Spec string
	// Journal is the latest entries, the oldest first.
	Journal []Entry
}

func recordName(cluster string) string { return cluster + "-gpk" }

// Record reads what gpk keeps of the cluster. A cluster that gpk does not know has an empty one. A journal that somebody
// has made unreadable is an empty journal.
func (t *Target) Record(ctx context.Context) (Record, error) {
	found, err := t.client.CoreV1().ConfigMaps(t.Ref.Namespace).Get(ctx, recordName(t.Ref.Name), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return Record{}, nil
	}
	if err != nil {
		return Record{}, fmt.Errorf("the cluster's record: %w", err)
	}
	record := Record{Spec: found.Data[specKey]}
	if err := json.Unmarshal([]byte(found.Data[journalKey]), &record.Journal); err != nil {
		record.Journal = nil
	}
	return record, nil
}

// keep writes the record.
func (t *Target) keep(ctx context.Context, record Record) error {
	if extra := len(record.Journal) - journalLength; extra > 0 {
		record.Journal = record.Journal[extra:]
	}
	journal, err := json.MarshalIndent(record.Journal, "", " ")
	if err != nil {
		return err
	}
	object := &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: recordName(t.Ref.Name), Namespace: t.Ref.Namespace, Labels: plan.Labels(t.Ref.Name)},
		Data:       map[string]string{specKey: record.Spec, journalKey: string(journal)},
	}
	if _, err := t.apply(ctx, object, manager, false); err != nil {
		return fmt.Errorf("the cluster's record: %w", err)
	}
	return nil
}

// Forget deletes the record of a cluster that is no more.
func (t *Target) Forget(ctx context.Context) error {
	err := t.client.CoreV1().ConfigMaps(t.Ref.Namespace).Delete(ctx, recordName(t.Ref.Name), metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("the cluster's record: %w", err)
	}
	return nil
}
