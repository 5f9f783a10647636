package window

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// inspection is what is in the image on a node, or why that is unknown.
type inspection struct {
	image segments.Image
	fault string
}

// inspectionOf reads what an image pod has printed, if it has ended. A pod that cannot start is an error or a fault.
func inspectionOf(pod *corev1.Pod, reference string) (found inspection, ended bool, err error) {
	where := "node " + pod.Spec.NodeName
	if err := pods.CannotStart(pod); err != nil {
		return inspection{}, false, fmt.Errorf("%s: %w", where, err)
	}
	switch end, refused := pods.Ended(pod); {
	case end != nil:
		found.image, found.fault = database.Inspected(end, reference, where)
		return found, true, nil
	case refused != "":
		return inspection{fault: where + ": " + refused}, true, nil
	}
	return inspection{}, false, nil
}

// judge compares the image on the nodes with the release that runs.
func (h *pullHandler) judge(ctx context.Context, nodes []string) (engine.Finding, error) {
	running, err := h.running(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	var faults []string
	refused := ""
	for _, node := range nodes {
		found := h.pulled[node]
		if version := found.image.Catalogue; found.fault == "" && version != running {
			return engine.BlockedBy(fmt.Sprintf("the catalogue version of the image %s is %s, and that of the running release is %s: "+
				"this is a major upgrade, and the new programs would refuse the data", h.reference(), cmp.Or(version, "unknown"), running),
				plan.MajorUpgrade), nil
		}
		if found.fault != "" {
			faults = append(faults, found.fault)
		} else {
			faults = append(faults, database.ImageFaults(found.image, h.action.Version, h.reference(), "node "+node)...)
		}
		refused = cmp.Or(refused, database.SettingsFault(found.image, h.reference()))
	}
	if len(faults) > 0 {
		return engine.BlockedBy(strings.Join(faults, "; "),
			"nothing was changed; correct the image, or name another one with --image (docs/image.md lists what gpk needs)"), nil
	}
	if refused != "" {
		return engine.BlockedBy(refused, "nothing was changed; give values that both releases accept, or DEFAULT, with ",
			plan.Gpk("config", "set", "NAME=VALUE"), ", then run this again"), nil
	}
	return engine.Finding{State: engine.Done}, nil
}

// running is the catalogue version of the release that runs.
func (h *pullHandler) running(ctx context.Context) (string, error) {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return "", err
	}
	out, err := h.remote.Run(ctx, acting.Pod, segments.AskCatalogueVersion())
	if err != nil {
		return "", err
	}
	version, err := segments.CatalogueVersion(out)
	if err != nil {
		err = fmt.Errorf("pod %s: %w", acting.Pod, err)
	}
	return version, err
}
