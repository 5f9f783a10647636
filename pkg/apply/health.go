package apply

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/database"
	kubepods "gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// VolumeStatus is the volume of a pod, in bytes.
type VolumeStatus struct {
	Pod       string `json:"pod"`
	Size      int64  `json:"size"`
	Available int64  `json:"available"`
	// Log is the size of the write-ahead logs on it.
	Log int64 `json:"log"`
}

const (
	// fullFault and fullWarning are how little of a volume, in percent, is a fault and a warning. A database that finds its volume full
	// stops.
	fullFault, fullWarning = 5, 15
	// most is how many pods are named for the same fault.
	most = 5
)

// health adds what the acting coordinator's pod sees of all pods: their volumes, and whom it does not reach. Pods that are not ready are
// told of before.
func (s *Status) health(ctx context.Context, t *Target, acting database.Acting, list []corev1.Pod) {
	found, err := t.db.Health(ctx, acting.Pod, acting.Catalogue)
	if err != nil {
		// The scripts of pods that an earlier gpk has made tell nothing.
		if exit, ok := errors.AsType[*remote.Error](err); !ok || !exit.NoScript() {
			s.Warnings = append(s.Warnings, "could not look at the volumes and the network: "+remote.Summary(err))
		}
		return
	}
	ready := map[string]bool{}
	for i := range list {
		ready[list[i].Name] = kubepods.Ready(&list[i])
	}
	s.judge(found, acting, ready)
}

// judge adds volumes, faults and warnings.
func (s *Status) judge(found map[string]segments.Health, acting database.Acting, ready map[string]bool) {
	for _, pod := range database.PodNames(database.DirsOf(acting.Catalogue)) {
		h, known := found[pod]
		if !known || h.Size == 0 {
			continue
		}
		volume := VolumeStatus{Pod: pod, Size: h.Size, Available: h.Available}
		for _, size := range h.Log {
			volume.Log += size
		}
		s.Volumes = append(s.Volumes, volume)
	}
	s.full()
	s.kept(found, acting.Catalogue)
	s.unreached(found, acting, ready)
}

// full tells of volumes with little room.
func (s *Status) full() {
	for _, v := range s.Volumes {
		said := fmt.Sprintf("the volume of pod %s is %d %% full: %s of %s are left", v.Pod, 100-100*v.Available/v.Size,
			segments.Size(v.Available), segments.Size(v.Size))
		switch left := 100 * v.Available / v.Size; {
		case left < fullFault:
			s.Faults = append(s.Faults, said)
		case left < fullWarning:
			s.Warnings = append(s.Warnings, said)
		}
	}
}

// kept tells how much log a primary keeps for a mirror that is away: that grows until the mirror is back, or the volume is full.
func (s *Status) kept(found map[string]segments.Health, catalogue segments.Catalogue) {
	for _, mirror := range catalogue {
		primary, has := catalogue.Find(mirror.Content, topology.Primary)
		if mirror.Up() || mirror.IsPrimary() || !has {
			continue
		}
		h := found[primary.Pod()]
		if log := h.Log[primary.Dir]; log > 0 {
			s.Warnings = append(s.Warnings, fmt.Sprintf("%s has %s of write-ahead log, which grows while its mirror is away; its volume has %s left",
				primary, segments.Size(log), segments.Size(h.Available)))
		}
	}
}

// unreached tells of pods that are ready and that the coordinator does not reach: Kubernetes does, so the network between pods is at fault.
func (s *Status) unreached(found map[string]segments.Health, acting database.Acting, ready map[string]bool) {
	var said []string
	others := 0
	for _, pod := range database.PodNames(database.DirsOf(acting.Catalogue)) {
		if !ready[pod] || pod == acting.Pod {
			continue
		}
		others++
		switch h := found[pod]; {
		case h.Silent:
			said = append(said, pod+" (ssh, port 22)")
		case len(h.Closed) > 0:
			said = append(said, fmt.Sprintf("%s (port %s)", pod, strings.Join(h.Closed, ", ")))
		}
	}
	if len(said) == 0 {
		return
	}
	which := strings.Join(said[:min(most, len(said))], ", ")
	if more := len(said) - most; more > 0 {
		which += fmt.Sprintf(" and %d more", more)
	}
	s.Faults = append(s.Faults, fmt.Sprintf("the coordinator in pod %s does not reach %d of the %d other pods that are ready: %s. "+
		"A NetworkPolicy that denies what it sends, or what they receive, does that", acting.Pod, len(said), others, which))
}
