package apply

import (
	"context"
	"fmt"

	"gpk/pkg/plan"
)

// Stage is how far a cluster has been made.
type Stage int

// The stages, each beyond the one before.
const (
	// Nothing has been made that could not be made otherwise.
	Nothing Stage = iota
	// Volumes have been made and no database that is known of is in them.
	Volumes
	// Database: it has been made, or gpinitsystem is at it.
	Database
)

// StageOf finds out how far the cluster of a plan of create has been made, from facts alone: those of database.Made, and the claims.
func StageOf(ctx context.Context, t *Target, p plan.Plan) (Stage, error) {
	for _, step := range p.Steps {
		action, ok := step.Action.(plan.Running)
		if !ok || action.Unmade == nil {
			continue
		}
		switch made, err := t.db.Made(ctx, *action.Unmade); {
		case err != nil:
			return Nothing, err
		case made:
			return Database, nil
		}
	}
	claims, err := t.kube.API.CoreV1().PersistentVolumeClaims(t.kube.Ref.Namespace).List(ctx, t.kube.ListOptions())
	if err != nil {
		return Nothing, fmt.Errorf("volume claims: %w", err)
	}
	if len(claims.Items) > 0 {
		return Volumes, nil
	}
	return Nothing, nil
}
