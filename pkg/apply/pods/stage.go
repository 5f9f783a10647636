package pods

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// How long a pod may stay in one stage. A StatefulSet's controller makes pods within seconds, unless the API server refuses them. A node
// that an autoscaler adds takes minutes, and Kubernetes detaches a volume from a lost node after six. Users may make a Secret after the
// pod that refers to it, and the kubelet looks again every few seconds.
const (
	absentPatience      = 2 * time.Minute
	unscheduledPatience = 10 * time.Minute
	blockedPatience     = 10 * time.Minute
	configPatience      = time.Minute
	// PullPatience is for a registry that answers for the moment that it is busy or away. The kubelet asks it four times in that.
	PullPatience = 90 * time.Second
	// failingPatience is for a container that exits: CannotStart ends the wait earlier if it does so again and again.
	failingPatience = 10 * time.Minute
	// deletionPatience is how long a deleted pod may exist beyond its DeletionTimestamp, which includes its grace period. Only its kubelet
	// reports its end, and the kubelet of a lost node never does.
	deletionPatience = 2 * time.Minute
)

// stage is one step of a pod's way to a running container. It stays the same while nothing happens to the pod.
type stage struct {
	pod, uid, name string
	// patience is how long the stage may last. 0 is without a limit, as for an image that is being pulled.
	patience time.Duration
}

// stageOf is the stage of a pod, the zero stage for a pod that runs. A recreated pod begins a new one.
func stageOf(name string, pod *corev1.Pod, blocked bool) stage {
	if pod == nil {
		return stage{name, "", "absent", absentPatience}
	}
	if Running(pod) {
		return stage{}
	}
	status, _ := currentContainer(pod)
	reason := waitingReason(status)
	at := func(stageName string, patience time.Duration) stage {
		return stage{name, string(pod.UID), stageName, patience}
	}
	switch {
	case pod.DeletionTimestamp != nil:
		return at("deleting", deletionPatience)
	case pod.Spec.NodeName == "":
		return at("unscheduled", unscheduledPatience)
	case reason == "CreateContainerConfigError" || reason == "CreateContainerError":
		return at(reason, configPatience)
	case PullMayPass(pod) != "":
		return at("unpulled", PullPatience)
	case reason == "CrashLoopBackOff" || reason == "RunContainerError":
		return at("failing", failingPatience)
	case blocked:
		return at("blocked", blockedPatience)
	}
	return at("starting", 0)
}

// queued says whether pods leave a stage one after the other: of thousands of pods, controllers make or schedule some twenty in a second.
func (s stage) queued() bool { return s.name == "absent" || s.name == "unscheduled" }
