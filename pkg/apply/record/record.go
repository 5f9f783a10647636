package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// Unclaimed refuses a cluster of which somebody else has what gpk would keep of it, before anything is changed. The lock and the
// objects of the steps are looked at where they are taken.
func (s *Store) Unclaimed(ctx context.Context) error {
	if _, err := s.Record(ctx); err != nil && !Spoiled(err) {
		return err
	}
	_, err := s.State(ctx)
	return err
}

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
	specKey       = "cluster.yaml"
	journalKey    = "journal.json"
	unfinishedKey = "unfinished.json"
	previousKey   = "previous.json"
	// journalLength bounds the journal: a ConfigMap holds a mebibyte.
	journalLength = 300
)

// Record is what gpk keeps of a cluster, in a ConfigMap, so that any machine with access can resume and inspect.
type Record struct {
	// Spec is cluster.yaml as it was last applied, with defaults. Empty: never.
	Spec string
	// Journal is the latest entries, the oldest first.
	Journal []Entry
	// Unfinished is an operation that has begun and not come to its end, if it is one that others must not come between.
	Unfinished *Unfinished
	// Previous is what the cluster ran before its last upgrade. Nil: there was none, or it was taken back.
	Previous *Release
}

// Release is a release with its image, as cluster.yaml has them.
type Release struct {
	Version string `json:"version"`
	Image   string `json:"image"`
}

// Unfinished is an operation that leaves a cluster between two states until it has come to its end, or has been taken back.
type Unfinished struct {
	Operation string    `json:"operation"`
	Since     time.Time `json:"since"`
	// Resume and Undo are the commands that finish it and that take it back. Undo may be empty.
	Resume string `json:"resume"`
	Undo   string `json:"undo,omitempty"`
	// From and To are the cluster.yaml, with defaults, that it comes from and that it leads to.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Refusal is the error of another operation that comes between.
func (u *Unfinished) Refusal(cluster string) error {
	next := engine.Next("finish it with ", plan.ReadCommand(u.Resume))
	if u.Undo != "" {
		next = engine.Next(next, ", or take it back with ", plan.ReadCommand(u.Undo))
	}
	return &engine.NextError{Err: fmt.Errorf("the %s of %s that began at %s has not come to its end: nothing was changed", u.Operation, cluster,
		u.Since.Format(time.RFC3339)), Next: next}
}

func RecordName(cluster string) string { return cluster + "-gpk" }

// Record reads what gpk keeps of the cluster. A cluster that gpk does not know has an empty one. A journal that somebody
// has made unreadable is an empty journal. What decides something and cannot be read is a NextError, beside what
// could be read.
func (s *Store) Record(ctx context.Context) (Record, error) {
	found, err := s.kube.ConfigMap(ctx, RecordName(s.kube.Ref.Name), "record")
	if found == nil || err != nil {
		return Record{}, err
	}
	record := Record{Spec: found.Data[specKey]}
	if err := json.Unmarshal([]byte(found.Data[journalKey]), &record.Journal); err != nil {
		record.Journal = nil
	}
	record.Unfinished, err = part[Unfinished](found, unfinishedKey, "no operation was under way")
	if err == nil {
		record.Previous, err = part[Release](found, previousKey, "no upgrade is to be taken back")
	}
	return record, err
}

// part reads one key of the record, which may be absent, and can be taken out by hand unless something depends on it.
func part[T any](found *corev1.ConfigMap, key, unless string) (*T, error) {
	text := found.Data[key]
	if text == "" {
		return nil, nil
	}
	var value *T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, &engine.NextError{Err: &spoiledError{fmt.Errorf("%s in ConfigMap/%s cannot be read: %w", key, found.Name, err)},
			Next: engine.Next(fmt.Sprintf("`kubectl edit configmap -n %s %s`: put it back as it was, or, if %s, take that key out; "+
				"`gpk delete --delete-data` does without it",
				found.Namespace, found.Name, unless))}
	}
	return value, nil
}

// spoiledError is about a part of the record that somebody has made unreadable.
type spoiledError struct{ error }

func Spoiled(err error) bool {
	var found *spoiledError
	return errors.As(err, &found)
}

// Keep writes the record.
func (s *Store) Keep(ctx context.Context, record Record) error {
	if extra := len(record.Journal) - journalLength; extra > 0 {
		record.Journal = record.Journal[extra:]
	}
	journal, err := json.MarshalIndent(record.Journal, "", " ")
	if err != nil {
		return err
	}
	object := &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: RecordName(s.kube.Ref.Name), Namespace: s.kube.Ref.Namespace, Labels: plan.Labels(s.kube.Ref.Name)},
		Data:       map[string]string{specKey: record.Spec, journalKey: string(journal)},
	}
	if record.Unfinished != nil {
		unfinished, err := json.MarshalIndent(record.Unfinished, "", " ")
		if err != nil {
			return err
		}
		object.Data[unfinishedKey] = string(unfinished)
	}
	if record.Previous != nil {
		previous, err := json.Marshal(record.Previous)
		if err != nil {
			return err
		}
		object.Data[previousKey] = string(previous)
	}
	if _, err := s.kube.Apply(ctx, object, kube.Manager, false); err != nil {
		return fmt.Errorf("the cluster's record: %w", err)
	}
	return nil
}

// Forget deletes the record of a cluster that is no more.
func (s *Store) Forget(ctx context.Context) error {
	found, err := s.kube.ConfigMap(ctx, RecordName(s.kube.Ref.Name), "record")
	if found == nil || err != nil {
		return err
	}
	err = s.kube.API.CoreV1().ConfigMaps(s.kube.Ref.Namespace).Delete(ctx, found.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &found.UID}})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("the cluster's record: %w", err)
	}
	return nil
}
