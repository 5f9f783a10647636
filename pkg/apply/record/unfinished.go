package record

import (
	"fmt"
	"strings"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// Release is a release with its image, as in cluster.yaml.
type Release struct {
	Version string `json:"version"`
	Image   string `json:"image"`
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
