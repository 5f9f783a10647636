package create

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// meshes are the containers that service meshes put into pods, with what keeps each out, as their references give it. They catch
// connections of the pods. Greenplum's own protocols are none that they know, and what is beside the database they slow down.
var meshes = map[string]string{ //nolint:gochecknoglobals // never changed
	"istio-proxy":      `labels: {sidecar.istio.io/inject: "false"}`,
	"linkerd-proxy":    `annotations: {linkerd.io/inject: disabled}`,
	"kuma-sidecar":     `labels: {kuma.io/sidecar-injection: disabled}`,
	"consul-dataplane": `annotations: {consul.hashicorp.com/connect-inject: "false"}`,
}

// blameMesh adds to an error of the network that a mesh has put a container into the pods, where one has.
func (h *reachHandler) blameMesh(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	list, failed := h.pods.List(ctx)
	found := map[string]string{}
	for i := range list {
		for _, container := range slices.Concat(list[i].Spec.Containers, list[i].Spec.InitContainers) {
			if meshes[container.Name] != "" {
				found[container.Name] = list[i].Name
			}
		}
	}
	if failed != nil || len(found) == 0 {
		return err
	}
	var said, keep []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		said = append(said, fmt.Sprintf("pod %s has a container %s of a service mesh, which catches its connections", found[name], name))
		keep = append(keep, meshes[name])
	}
	return &engine.NextError{Err: fmt.Errorf("%w; %s", err, strings.Join(said, "; ")), Next: engine.Next("keep the mesh out: give "+
		"spec.podTemplate.metadata: {"+strings.Join(keep, ", ")+"} in cluster.yaml. Delete the pods with ",
		plan.Gpk("delete"), ", which keeps the volumes, and create again")}
}
