package check

import (
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
)

// correctImage is the advice about an image that cannot run a database.
const correctImage = "correct that in cluster.yaml, or use an image that has what gpk needs (docs/image.md), and run this again"

// judge says what is wrong with an image by how the pod ended that looked into it, a detail each.
func (h *inspectedHandler) judge(end *corev1.ContainerStateTerminated, node string) engine.Finding {
	where := "node " + node
	image, fault := database.Inspected(end, h.reference(), where)
	faults := engine.NonEmpty([]string{fault})
	if fault == "" {
		faults = database.ImageFaults(image, h.action.Version, h.reference(), where)
		if refused := database.SettingsFault(image, h.reference()); refused != "" {
			faults = append(faults, refused+" (spec.database.config)")
		}
	}
	if len(faults) > 0 {
		return engine.Finding{State: engine.Blocked, Details: faults, Next: engine.Next(correctImage)}
	}
	return engine.Finding{State: engine.Done, Details: engine.NonEmpty([]string{database.FamilyNote(image, h.reference())})}
}
