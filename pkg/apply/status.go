package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/remote"
	"gpk/pkg/apply/steps/create"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Status is what the catalogue and the pods say of a cluster. Its JSON is stable.
type Status struct {
	Cluster plan.Ref `json:"cluster"`
	// Coordinator is the acting coordinator's pod, empty if none answers.
	Coordinator string           `json:"coordinator,omitempty"`
	Instances   []InstanceStatus `json:"instances"`
	// Volumes are those of the pods that the acting coordinator's pod reaches.
	Volumes []VolumeStatus `json:"volumes,omitempty"`
	// Faults say in words what is not as it should be. None: the cluster is whole.
	Faults []string `json:"faults"`
	// Warnings say in words what is no fault of the cluster itself, and should not be so.
	Warnings []string `json:"warnings,omitempty"`
	// Kept says in words which data of old coordinators are kept, since they may have commits that the acting one lacks.
	Kept []string `json:"kept,omitempty"`
}

// InstanceStatus is one row of the catalogue with its pod.
type InstanceStatus struct {
	Content int32 `json:"content"`
	DBID    int32 `json:"dbid"`
	// Role is coordinator, standby, primary or mirror: what the instance does now.
	Role string `json:"role"`
	// PreferredRole is what the instance was made for.
	PreferredRole string `json:"preferredRole"`
	// Status is up or down.
	Status string `json:"status"`
	// Mode is in sync or not in sync; - where there is no other copy.
	Mode string `json:"mode"`
	Pod  string `json:"pod"`
	Port int32  `json:"port"`
	Node string `json:"node"`
	Dir  string `json:"dir"`
}

// StatusOf asks the catalogue and the pods.
func StatusOf(ctx context.Context, t *Target) (Status, error) {
	status := Status{Cluster: t.kube.Ref, Instances: []InstanceStatus{}, Faults: []string{}}
	pods, err := t.pods.List(ctx)
	if err != nil {
		return status, err
	}
	nodes := map[string]string{}
	for i := range pods {
		nodes[pods[i].Name] = pods[i].Spec.NodeName
	}
	// An account that may not see the state is not told.
	if state, err := t.store.State(ctx); err == nil && state[plan.StateNetwork] == plan.NetworkOpen {
		status.Warnings = append(status.Warnings, create.OpenNetwork)
	}
	status.Faults = append(status.Faults, t.pods.LostNodes(ctx, pods)...)
	status.Faults = append(status.Faults, t.pods.Unready(ctx, pods)...)
	acting, err := t.db.Acting(ctx)
	if errors.Is(err, database.ErrNoCoordinator) {
		status.Faults = append(status.Faults, remote.Summary(err))
		return status, nil
	}
	if err != nil {
		return status, err
	}
	status.Coordinator = acting.Pod
	for _, row := range acting.Catalogue {
		status.Instances = append(status.Instances, instanceStatus(row, nodes[row.Pod()], acting.Catalogue))
	}
	status.Faults = append(status.Faults, acting.Catalogue.Unhealthy()...)
	status.health(ctx, t, acting, pods)
	// A pod of another gpk's scripts does not tell. gpk certs says so.
	known, _ := certificatesOf(ctx, t, acting)
	status.Warnings = append(status.Warnings, endings(known, time.Now())...)
	for pod := range acting.Pods {
		if t.remote.Ways.Unreachable(remote.ByExec(pod)) != nil {
			continue
		}
		// A pod of another gpk's scripts has kept nothing.
		kept, _ := t.db.Aside(ctx, pod)
		for _, copied := range kept {
			status.Kept = append(status.Kept, fmt.Sprintf("pod %s keeps an old coordinator's data in %s", pod, copied.Dir))
		}
	}
	slices.Sort(status.Kept)
	return status, nil
}

func instanceStatus(row segments.Row, node string, catalogue segments.Catalogue) InstanceStatus {
	i := InstanceStatus{Content: row.Content, DBID: row.DBID, Role: segments.RoleName(row.Content, row.Role),
		PreferredRole: segments.RoleName(row.Content, row.PreferredRole), Status: "down", Mode: "not in sync",
		Pod: row.Pod(), Port: row.Port, Node: node, Dir: row.Dir}
	if row.Up() {
		i.Status = "up"
	}
	// The coordinator's own row never tells; the standby's does.
	mode := row.Mode
	mirror, mirrored := catalogue.Find(row.Content, topology.Mirror)
	if mirrored && row.Content == topology.CoordinatorContent {
		mode = mirror.Mode
	}
	switch {
	case !mirrored:
		i.Mode = "-"
	case mode == "s":
		i.Mode = "in sync"
	}
	return i
}

// Summary is the state of the cluster in a few words.
func (s Status) Summary() string {
	switch {
	case s.Coordinator == "":
		return "no coordinator answers"
	case len(s.Faults) == 0:
		return "whole, with its coordinator in pod " + s.Coordinator
	}
	return fmt.Sprintf("%d faults, with its coordinator in pod %s", len(s.Faults), s.Coordinator)
}
