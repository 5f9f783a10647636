package apply

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/database"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
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

// StageOf finds out how far the cluster of a plan has been made, from facts alone: the clients' Service, the notes on the coordinators'
// volumes, the catalogue, and the claims. A database that was there once is known by the Service even while no pod runs.
func StageOf(ctx context.Context, t *Target, p plan.Plan) (Stage, error) {
	for _, step := range p.Steps {
		var made bool
		var err error
		switch action := step.Action.(type) {
		case plan.Expose:
			made, err = exposed(ctx, t, action)
		case plan.Initialise:
			made, err = initialised(ctx, t, action)
		}
		if err != nil {
			return Nothing, fmt.Errorf("finding out whether %s has been made: %w", t.kube.Ref.Name, err)
		}
		if made {
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

// exposed says whether the clients' Service leads to a coordinator, which it does once the database has been ready.
func exposed(ctx context.Context, t *Target, action plan.Expose) (bool, error) {
	service, err := t.kube.API.CoreV1().Services(t.kube.Ref.Namespace).Get(ctx, action.Service, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil && len(service.Spec.Selector) > 0, err
}

// initialised asks the coordinators' pods that run.
func initialised(ctx context.Context, t *Target, action plan.Initialise) (bool, error) {
	pods, err := t.db.RunningCoordinatorPods(ctx)
	if err != nil {
		return false, err
	}
	for _, pod := range pods {
		facts, err := t.db.Facts(ctx, []database.PodDirs{{Pod: pod}})
		if err != nil || facts[pod].Marker == segments.Initialised {
			return err == nil, err
		}
		state, err := t.remote.Job(pod, "gpinitsystem").State(ctx)
		if err != nil || state.Phase == "running" {
			return err == nil, err
		}
	}
	acting, err := t.db.Acting(ctx)
	if errors.Is(err, database.ErrNoCoordinator) {
		return false, nil
	}
	return err == nil && len(acting.Catalogue.Missing(action.Topology.Instances)) == 0, err
}
