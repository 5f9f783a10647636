package apply

import (
	"context"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/record"
)

// Clusters are the names of the clusters in the target's namespace, in order.
func (t *Target) Clusters(ctx context.Context) ([]string, error) { return record.Clusters(ctx, t.kube) }

// PodNames are the names of the cluster's pods, in order.
func (t *Target) PodNames(ctx context.Context) ([]string, error) { return t.pods.Names(ctx) }

// Acting is the acting coordinator: see database.Coordinators.Acting.
func (t *Target) Acting(ctx context.Context) (database.Acting, error) { return t.db.Acting(ctx) }
