// Package apply has a file for each operation on a cluster: what it is planned from, what is kept of it, and what follows. Run and Preview
// carry a plan out by the rooms below: steps does it, engine decides what is left to do. It prints nothing; it tells Observers.
package apply

import (
	"context"

	"k8s.io/client-go/rest"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/apply/steps/backup"
	"gpk/pkg/apply/steps/capacity"
	"gpk/pkg/apply/steps/check"
	"gpk/pkg/apply/steps/convert"
	"gpk/pkg/apply/steps/create"
	"gpk/pkg/apply/steps/expand"
	"gpk/pkg/apply/steps/failover"
	"gpk/pkg/apply/steps/objects"
	"gpk/pkg/apply/steps/recovery"
	"gpk/pkg/apply/steps/settings"
	"gpk/pkg/apply/steps/standby"
	"gpk/pkg/apply/steps/tls"
	"gpk/pkg/apply/steps/window"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// Target is one cluster in one namespace of one API server.
type Target struct {
	Ref plan.Ref

	kube   *kube.Client
	remote *remote.Pods
	store  *record.Store
	pods   *pods.Pods
	db     *database.Database
	// handlers carry out what plans ask for.
	handlers engine.Handlers
	// What operations themselves ask of the rooms of steps.
	old            *failover.OldCoordinator
	redistribution *expand.Redistribution
	settings       *settings.Settings
	backups        *backup.Backups
}

// NewTarget makes the target of a cluster.
func NewTarget(config *rest.Config, ref plan.Ref) (*Target, error) {
	client, err := kube.New(config, ref)
	if err != nil {
		return nil, err
	}
	t := &Target{Ref: ref, kube: client, handlers: engine.Handlers{}}
	t.remote = remote.New(client.API, client.Config, ref.Namespace, client.Selector())
	t.store = record.New(client)
	t.pods = pods.New(client, t.remote)
	t.db = database.New(client, t.remote, t.store, t.pods)
	t.register()
	return t, nil
}

// Exec runs a program in a pod of the cluster, as remote.Pods.Exec does.
func (t *Target) Exec(ctx context.Context, pod string, argv []string, streams remote.Streams) error {
	return t.remote.Exec(ctx, pod, argv, streams)
}

// OnWait has tell called when gpk waits for the API server, as kube.Client.OnWait does.
func (t *Target) OnWait(tell func(why string)) { t.kube.OnWait(tell) }

// Audited has each command in a pod be an exec of its own, as remote.Pods.Audited does.
func (t *Target) Audited() { t.remote.Audited() }

// EndPsql ends a user's psql in a pod, with its session on the server.
func (t *Target) EndPsql(ctx context.Context, pod, name string) error {
	out, err := t.remote.RunSoon(ctx, pod, segments.EndPsql(name), database.AskTimeout)
	if err != nil {
		return err
	}
	return segments.ParseEndPsql(out)
}

// Clusters are the names of the clusters in the target's namespace, in order.
func (t *Target) Clusters(ctx context.Context) ([]string, error) { return record.Clusters(ctx, t.kube) }

// PodNames are the names of the cluster's pods, in order.
func (t *Target) PodNames(ctx context.Context) ([]string, error) { return t.pods.Names(ctx) }

// Acting is the acting coordinator: see database.Coordinators.Acting.
func (t *Target) Acting(ctx context.Context) (database.Acting, error) { return t.db.Acting(ctx) }

// register fills in the handlers of all actions. Nothing else knows all rooms.
func (t *Target) register() {
	t.old = failover.New(t.kube, t.remote, t.store, t.pods, t.db)
	t.redistribution = expand.NewRedistribution(t.remote, t.db)
	t.settings = settings.New(t.remote, t.db)
	t.backups = backup.New(t.kube, t.remote, t.db)
	r := t.handlers
	objects.Register(r, t.kube, t.store, t.pods, t.db)
	capacity.Register(r, t.kube, t.pods)
	check.Register(r, t.kube, t.pods)
	create.Register(r, t.kube, t.remote, t.store, t.pods, t.db)
	tls.Register(r, t.kube, t.pods, t.db)
	convert.Register(r, t.store, t.pods, t.db)
	standby.Register(r, t.remote, t.pods, t.db)
	settings.Register(r, t.store, t.settings)
	window.Register(r, t.kube, t.remote, t.store, t.pods, t.db)
	failover.Register(r, t.old)
	recovery.Register(r, t.remote, t.pods, t.db)
	expand.Register(r, t.kube, t.pods, t.redistribution)
	backup.Register(r, t.backups)
}
