package check

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilversion "k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apimachinery/pkg/version"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
)

// leastKubernetes is the earliest release that runs gpk's pods. Their sysctls are what decides: net.ipv4.ip_unprivileged_port_start is safe
// since 1.22, net.ipv4.ping_group_range since 1.18, and net.ipv4.ip_local_reserved_ports since 1.27. Earlier kubelets refuse such a pod.
// What is newer has a fallback: matchLabelKeys in anti-affinity (1.31, plan.RoleWide), and exec by WebSocket (1.30, then SPDY).
const leastKubernetes = "1.27"

// kubernetesHandler tells of a release of Kubernetes whose kubelets refuse the pods by default.
type kubernetesHandler struct {
	engine.Nothing
	kube *kube.Client
}

func (h *kubernetesHandler) Check(ctx context.Context) (engine.Finding, error) {
	const what = "the release of Kubernetes"
	text, err := h.kube.API.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).Raw()
	switch {
	case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
		return unchecked(what, err.Error()), nil
	case err != nil:
		return engine.Finding{}, fmt.Errorf("%s: %w", what, err)
	}
	var server version.Info
	if wrong := json.Unmarshal(text, &server); wrong != nil {
		return unchecked(what, "the API server's answer cannot be read: "+wrong.Error()), nil //nolint:nilerr // a check without an answer
	}
	found, err := utilversion.ParseGeneric(server.GitVersion)
	if err != nil {
		return unchecked(what, fmt.Sprintf("the API server calls it %q", server.GitVersion)), nil //nolint:nilerr // as above
	}
	if found.LessThan(utilversion.MustParseGeneric(leastKubernetes)) {
		// Kubelets may be told to allow it.
		return engine.Finding{State: engine.Done, Details: []string{fmt.Sprintf("the API server has Kubernetes %s: kubelets before %s refuse "+
			"the pods' sysctl net.ipv4.ip_local_reserved_ports, unless --allowed-unsafe-sysctls has it", server.GitVersion, leastKubernetes)}}, nil
	}
	return engine.Finding{State: engine.Done}, nil
}
