package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// Entry is one line of the journal: what gpk was about to do, or had done. The journal is for people; gpk decides nothing by it.
type Entry struct {
	Time      time.Time `json:"time"`
	Operation string    `json:"operation"`
	Step      string    `json:"step,omitempty"`
	Event     string    `json:"event"`
	Detail    string    `json:"detail,omitempty"`
}

// Keys of the record's ConfigMap.
const (
	specKey       = "cluster.yaml"
	journalKey    = "journal.json"
	unfinishedKey = "unfinished.json"
	previousKey   = "previous.json"
	// journalLength is how many entries the journal keeps at most.
	journalLength = 300
	// recordSize is what the record may have in bytes. A ConfigMap holds 1 MiB, its names and labels among them.
	recordSize = 900 << 10
	// journalSize is what the journal may have of it in bytes, if the rest leaves so much.
	journalSize = 256 << 10
	// detailSize is what an entry keeps of its detail in bytes. The failure of two utilities may have ten times as many.
	detailSize = 1 << 10
)

// Record is what gpk keeps of a cluster, in a ConfigMap, so that any machine with access can resume an operation and inspect it.
type Record struct {
	// Spec is cluster.yaml as it was last applied, with defaults. Empty: never.
	Spec string
	// Journal is the latest entries, the oldest first.
	Journal []Entry
	// Unfinished is an unfinished operation that no other may interrupt.
	Unfinished *Unfinished
	// Previous is the release before the last upgrade. Nil: there was no upgrade, or it was rolled back.
	Previous *Release
}

// RecordName is the name of a cluster's record, a ConfigMap, and of its lock, a Lease.
func RecordName(cluster string) string { return cluster + "-gpk" }

// Record reads the record of the cluster, which is empty if gpk does not know it. An unreadable journal is empty: nothing depends on it.
// An unreadable part on which something depends is a NextError, and the rest of the record comes with it.
func (s *Store) Record(ctx context.Context) (Record, error) {
	found, err := s.kube.ConfigMap(ctx, RecordName(s.kube.Ref.Name), "record")
	if found == nil || err != nil {
		return Record{}, err
	}
	return read(found)
}

// read is the record that a ConfigMap has.
func read(found *corev1.ConfigMap) (Record, error) {
	record := Record{Spec: found.Data[specKey]}
	err := json.Unmarshal([]byte(found.Data[journalKey]), &record.Journal)
	if err != nil {
		record.Journal = nil
	}
	record.Unfinished, err = decode[Unfinished](found, unfinishedKey, "no operation is unfinished")
	if err == nil {
		record.Previous, err = decode[Release](found, previousKey, "you do not want to roll back the last upgrade")
	}
	return record, err
}

// decode reads a part of the record, which may be absent. A person can remove it unless something depends on it.
func decode[T interface{ whole() error }](found *corev1.ConfigMap, key, removable string) (*T, error) {
	text := found.Data[key]
	if text == "" {
		return nil, nil
	}
	var part *T
	err := json.Unmarshal([]byte(text), &part)
	if err == nil && part != nil {
		err = (*part).whole()
	}
	if err != nil {
		return nil, &engine.NextError{Err: &unreadableError{fmt.Errorf("%s in ConfigMap/%s cannot be read: %w", key, found.Name, err)},
			Next: engine.Next(fmt.Sprintf("`kubectl edit configmap -n %s %s`: restore the key, or remove it if %s; ",
				found.Namespace, found.Name, removable), plan.Gpk("delete", "--delete-data"), " works without it")}
	}
	return part, nil
}

// unreadableError is about a part of the record that was edited by hand.
type unreadableError struct{ error }

// IsUnreadable reports whether the error is about an unreadable part of the record.
func IsUnreadable(err error) bool {
	_, unreadable := errors.AsType[*unreadableError](err)
	return unreadable
}

// Keep writes the record.
func (s *Store) Keep(ctx context.Context, record Record) error {
	data, err := record.data()
	if err != nil {
		return err
	}
	if _, err := s.kube.Apply(ctx, s.configMap(RecordName(s.kube.Ref.Name), data), kube.Manager, false); err != nil {
		return fmt.Errorf("the cluster's record: %w", err)
	}
	return nil
}

// data is the record as its ConfigMap has it.
func (r Record) data() (map[string]string, error) {
	data := map[string]string{specKey: r.Spec}
	err := errors.Join(encode(data, unfinishedKey, r.Unfinished), encode(data, previousKey, r.Previous))
	if err != nil {
		return nil, err
	}
	room := recordSize
	for _, part := range data {
		room -= len(part)
	}
	data[journalKey], err = encodeJournal(r.Journal, min(room, journalSize))
	return data, err
}

// encode writes a part of the record into the data, unless there is none.
func encode[T any](data map[string]string, key string, part *T) error {
	if part == nil {
		return nil
	}
	text, err := json.MarshalIndent(part, "", " ")
	data[key] = string(text)
	return err
}

// encodeJournal writes the latest entries that have room in so many bytes. Entries of an earlier gpk may have details of any length.
func encodeJournal(journal []Entry, room int) (string, error) {
	var latest []string
	room -= len("[\n\n]")
	for _, entry := range slices.Backward(journal[max(len(journal)-journalLength, 0):]) {
		entry.Detail = short(entry.Detail)
		text, err := json.MarshalIndent(entry, " ", " ")
		if err != nil {
			return "", err
		}
		if room -= len(text) + len(" ,\n"); room < 0 {
			break
		}
		latest = append(latest, " "+string(text))
	}
	if len(latest) == 0 {
		return "[]", nil
	}
	slices.Reverse(latest)
	return "[\n" + strings.Join(latest, ",\n") + "\n]", nil
}

// short is a detail with its middle left out where it is too long: an error begins with what failed, and ends with why.
func short(detail string) string {
	if len(detail) <= detailSize {
		return detail
	}
	const mark = " … "
	half := (detailSize - len(mark)) / 2
	return strings.ToValidUTF8(detail[:half], "") + mark + strings.ToValidUTF8(detail[len(detail)-half:], "")
}

// Forget deletes the record of a deleted cluster.
func (s *Store) Forget(ctx context.Context) error {
	found, err := s.kube.ConfigMap(ctx, RecordName(s.kube.Ref.Name), "record")
	if found == nil || err != nil {
		return err
	}
	err = s.kube.API.CoreV1().ConfigMaps(s.kube.Ref.Namespace).Delete(ctx, found.Name, *metav1.NewPreconditionDeleteOptions(string(found.UID)))
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("the cluster's record: %w", err)
	}
	return nil
}

// Release is a release with its image, as in cluster.yaml.
type Release struct {
	Version string `json:"version"`
	Image   string `json:"image"`
}

func (r Release) whole() error {
	if r.Version == "" || r.Image == "" {
		return errors.New("the version or the image is missing")
	}
	return nil
}

// Unfinished is an operation that leaves a cluster between two states until it is finished or undone.
type Unfinished struct {
	Operation string    `json:"operation"`
	Since     time.Time `json:"since"`
	// Resume and Undo are the commands that finish it and that undo it. Undo may be empty.
	Resume string `json:"resume"`
	Undo   string `json:"undo,omitempty"`
	// From and To are the cluster.yaml before and after it, with defaults.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

func (u Unfinished) whole() error {
	if u.Operation == "" {
		return errors.New("the operation is missing")
	}
	return nil
}

// Refusal is the error of another operation that would interrupt it.
func (u *Unfinished) Refusal(cluster string) error {
	next := engine.Next("finish it with ", plan.ReadCommand(u.Resume))
	if u.Undo != "" {
		next = engine.Next(next, ", or undo it with ", plan.ReadCommand(u.Undo))
	}
	article := "a"
	if strings.ContainsAny(u.Operation[:1], "aeiou") {
		article = "an"
	}
	return &engine.NextError{Next: next, Err: fmt.Errorf("%s %s of %s started at %s is unfinished; nothing was changed",
		article, u.Operation, cluster, u.Since.Format(time.RFC3339))}
}
