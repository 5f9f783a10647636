package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// errUnreachable means that neither gpk nor the standby's pod can reach the coordinator's pod.
var errUnreachable = errors.New("out of reach")

// runAt runs a command in the pod of the old coordinator: by exec or, where the way from the API server to its kubelet is
// cut, by ssh from the standby's pod. errUnreachable if neither works. Either way it does not wait for long.
func (t *Target) runAt(ctx context.Context, e plan.Eligible, command segments.Command, patience time.Duration) (string, error) {
	if running, err := t.podRuns(ctx, e.From); err != nil {
		return "", err
	} else if !running {
		return "", fmt.Errorf("pod %s does not run: %w", e.From, errUnreachable)
	}
	if since, known := t.lost.Load(e.Takeover); known && time.Since(since.(time.Time)) < lostHolds {
		return "", fmt.Errorf("pod %s: %w", e.From, errUnreachable)
	}
	out, err := t.runSoon(ctx, e.From, command, patience)
	var exit *ExecError
	if err == nil || errors.As(err, &exit) || ctx.Err() != nil {
		return out, err
	}
	out, overErr := t.runSoon(ctx, e.To, segments.Over(e.FromHost, command), patience)
	switch {
	case overErr == nil:
		return out, nil
	case errors.As(overErr, &exit) && exit.Status != sshFailed:
		return out, overErr
	}
	if ctx.Err() == nil {
		t.lost.Store(e.Takeover, time.Now())
	}
	return "", fmt.Errorf("pod %s: %w: %w; and by ssh from pod %s: %w", e.From, errUnreachable, err, e.To, overErr)
}

// sshFailed is the exit status of ssh where it, and not the remote command, has failed.
const sshFailed = 255

// runSoon is run for a pod that may be out of reach.
func (t *Target) runSoon(ctx context.Context, pod string, command segments.Command, patience time.Duration) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %s", patience))
	defer cancel()
	out, err := t.run(ctx, pod, command)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return out, err
}

func (t *Target) podRuns(ctx context.Context, name string) (bool, error) {
	pod, err := t.pod(ctx, name)
	if pod == nil || err != nil {
		return false, err
	}
	status := databaseContainer(pod)
	return status != nil && status.State.Running != nil, nil
}

// pod is a pod of the cluster, nil if there is none of the name.
func (t *Target) pod(ctx context.Context, name string) (*corev1.Pod, error) {
	options := t.listOptions()
	options.FieldSelector = "metadata.name=" + name
	list, err := t.client.CoreV1().Pods(t.Ref.Namespace).List(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("pod %s: %w", name, err)
	}
	for i := range list.Items {
		if list.Items[i].Name == name {
			return &list.Items[i], nil
		}
	}
	return nil, nil
}

// Of a coordinator that is out of reach: how long it goes on at most without the API server, the standby and most hosts
// (keep.sh), and how far the clocks of its node and of the standby's may differ.
const (
	selfFence = 45 * time.Second
	clockSlip = 2 * time.Second
	// heardSlip is how old a node's last sign of life may be while the node is well: a kubelet renews its lease every ten seconds.
	heardSlip = 12 * time.Second
	// nodeGrace is how long Kubernetes waits for a node's sign of life before it calls it lost: 50 s since 1.32
	// (kube-controller-manager --node-monitor-grace-period), and some seconds until it looks.
	nodeGrace = time.Minute
)

// silence is what Kubernetes knows of a pod that is out of reach.
type silence struct {
	// lastHeard is the latest moment of which its node is known to have lived.
	lastHeard time.Time
	// stopped is when a coordinator there has stopped itself at the latest.
	stopped time.Time
}

// silence asks for the lease of the pod's node, or else for the node. Where it may see neither, it makes do with what the pod's
// own status says since when it is not ready, and with the time since which gpk itself has got no answer.
func (t *Target) silence(ctx context.Context, name string) silence {
	first, _ := t.lost.LoadOrStore(firstSilent(name), time.Now())
	since := first.(time.Time)
	s := silence{since.Add(-nodeGrace), since.Add(selfFence)}
	pod, err := t.pod(ctx, name)
	if err != nil || pod == nil || pod.Spec.NodeName == "" {
		return s
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status != corev1.ConditionTrue {
			s.lastHeard = earlier(s.lastHeard, c.LastTransitionTime.Add(-nodeGrace))
		}
	}
	lease, err := t.client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(ctx, pod.Spec.NodeName, metav1.GetOptions{})
	if err == nil && lease.Spec.RenewTime != nil {
		heard := lease.Spec.RenewTime.Time
		return silence{heard, earlier(s.stopped, heard.Add(heardSlip+selfFence))}
	}
	node, err := t.client.CoreV1().Nodes().Get(ctx, pod.Spec.NodeName, metav1.GetOptions{})
	if err != nil {
		return s
	}
	for _, c := range node.Status.Conditions {
		if noticed := c.LastTransitionTime.Time; c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
			s = silence{noticed.Add(-nodeGrace), earlier(s.stopped, noticed.Add(selfFence))}
		}
	}
	return s
}

// firstSilent is the key of Target.lost for when a pod was first found to be out of reach.
type firstSilent string

// loss says in words which transactions a takeover loses, or may lose; nothing if the standby has all that were acknowledged.
//
// While a standby follows, the coordinator acknowledges nothing that the standby does not have. So of the commits that it
// lacks only those count that were made after it was last seen to follow. Where the coordinator cannot be asked, it is
// the time of which its node is last known to have lived that counts.
func (t *Target) loss(ctx context.Context, e plan.Eligible, f segments.Following) (string, error) {
	out, err := t.runAt(ctx, e, segments.AskAhead(f.Received), askTime)
	if errors.Is(err, errUnreachable) {
		return silentLoss(t.silence(ctx, e.From), f, time.Now()), nil
	}
	if err != nil {
		return "", err
	}
	ahead, err := segments.ParseAhead(out)
	if err != nil {
		return "", err
	}
	return loss(ahead, f), nil
}

func loss(ahead segments.Ahead, f segments.Following) string {
	if ahead.Unreadable || f.Received == "" {
		return fmt.Sprintf("the standby lacks more than the coordinator's log has kept: it followed until %s", clock(f.Streamed))
	}
	lost := 0
	for _, commit := range ahead.Commits {
		if commit.Made.After(f.Streamed.Add(clockSlip)) {
			lost++
		}
	}
	if lost == 0 {
		return ""
	}
	return fmt.Sprintf("the standby lacks %d transactions of the coordinator, which it followed until %s", lost, clock(f.Streamed))
}

func silentLoss(s silence, f segments.Following, now time.Time) string {
	if now.Sub(f.Streamed) < heardSlip || !f.Streamed.Before(s.lastHeard.Add(-heardSlip)) {
		return ""
	}
	return fmt.Sprintf("the standby followed the coordinator until %s, and the coordinator, which is out of reach, lived until %s at least",
		clock(f.Streamed), clock(s.lastHeard))
}

func clock(at time.Time) string {
	if at.Unix() <= 0 {
		return "a time that is not known"
	}
	return at.UTC().Format("15:04:05 MST on 2 January")
}

var errNoStandby = errors.New("there is no standby to take over")

// Takeover is what a failover would be now: from the pod of the coordinator, acting or not, to that of its standby. healthy
// says whether the coordinator answers.
func (t *Target) Takeover(ctx context.Context, both []string) (from, to string, healthy bool, err error) {
	if len(both) != 2 {
		return "", "", false, &NextError{errNoStandby,
			"restart the coordinator's pod if it does not answer; spec.coordinator.standby gives the next cluster a standby"}
	}
	other := map[string]string{both[0]: both[1], both[1]: both[0]}
	acting, err := t.Acting(ctx)
	if err == nil {
		return acting.Pod, other[acting.Pod], true, nil
	}
	if !errors.Is(err, errSilent) {
		return "", "", false, err
	}
	begun, from, err := t.Begun(ctx)
	if err != nil {
		return "", "", false, err
	}
	if begun {
		return other[from], from, false, nil
	}
	if other[from] == "" {
		return "", "", false, &NextError{fmt.Errorf("the cluster has not been made to the end: %w", errNoStandby),
			"gpk create -f cluster.yaml"}
	}
	return from, other[from], false, nil
}

// Begun says whether a takeover has been begun whose standby has not been activated, as far as its pod can be asked, and which
// pod is to act.
func (t *Target) Begun(ctx context.Context) (begun bool, toAct string, err error) {
	state, err := t.state(ctx)
	if err != nil || state[plan.StateCoordinator] == "" {
		return false, "", err
	}
	toAct = state[plan.StateCoordinator]
	f, err := t.following(ctx, toAct)
	return err == nil && f.Follows, toAct, nil
}
