package apply

import (
	"context"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/record"
	"gpk/pkg/segments"
)

// Record is what gpk keeps of the cluster: see record.Store.Record.
func (t *Target) Record(ctx context.Context) (record.Record, error) { return t.store.Record(ctx) }

// Clusters are the names of the clusters in the namespace, in order.
func Clusters(ctx context.Context, t *Target) ([]string, error) { return record.Clusters(ctx, t.kube) }

// Namespace makes the namespace if it is wanted and missing.
func (t *Target) Namespace(ctx context.Context, wanted bool) error {
	return t.kube.Namespace(ctx, wanted)
}

// PodNames are the names of the cluster's pods.
func (t *Target) PodNames(ctx context.Context) ([]string, error) { return t.pods.Names(ctx) }

// Acting is the acting coordinator.
func (t *Target) Acting(ctx context.Context) (database.Acting, error) { return t.db.Acting(ctx) }

// Takeover is what a failover would be now.
func (t *Target) Takeover(ctx context.Context, both []string) (from, to string, healthy bool, err error) {
	return t.former.Takeover(ctx, both)
}

// Begun says whether a takeover has been begun.
func (t *Target) Begun(ctx context.Context) (begun bool, toAct string, err error) {
	return t.former.Begun(ctx)
}

// ServerSettings are settings as the acting coordinator has them.
func (t *Target) ServerSettings(ctx context.Context, acting database.Acting, names []string) ([]segments.ServerSetting, error) {
	return t.settings.ServerSettings(ctx, acting, names)
}

// PendingSettings are those that wait for a restart.
func (t *Target) PendingSettings(ctx context.Context, names []string) ([]string, error) {
	return t.settings.PendingSettings(ctx, names)
}

// Expansion is how far gpexpand's redistribution is.
func (t *Target) Expansion(ctx context.Context) (segments.Expansion, error) {
	return t.gpexpand.Expansion(ctx)
}

// FollowRedistribution waits for the end of a redistribution.
func (t *Target) FollowRedistribution(ctx context.Context, progress func(string)) (segments.Expansion, error) {
	return t.gpexpand.FollowRedistribution(ctx, progress)
}

// RedistributionFaults are the last things that gpexpand could not do.
func (t *Target) RedistributionFaults(ctx context.Context) []string {
	return t.gpexpand.RedistributionFaults(ctx)
}
