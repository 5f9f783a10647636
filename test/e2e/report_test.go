//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// report prints what there is to know of a cluster whose test has failed.
func (c *cluster) report() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var b strings.Builder
	fmt.Fprintf(&b, "namespace %s\n", c.namespace)
	for _, run := range c.runs {
		fmt.Fprintf(&b, "--- gpk %s\n%s%s", strings.Join(run.args, " "), end(run.out.String(), 20), end(run.err.String(), 40))
	}
	pods, err := shared.Client.CoreV1().Pods(c.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		fmt.Fprintf(&b, "--- pods: %v\n", err)
	}
	for i := range pods.Items {
		c.reportPod(ctx, &b, &pods.Items[i])
	}
	events, err := shared.Client.CoreV1().Events(c.namespace).List(ctx, metav1.ListOptions{})
	fmt.Fprintf(&b, "--- events (%v)\n", err)
	for _, event := range events.Items {
		if event.Type != corev1.EventTypeNormal {
			fmt.Fprintf(&b, "%s %s %s: %s\n", event.LastTimestamp.Format(time.TimeOnly), event.InvolvedObject.Name, event.Reason, event.Message)
		}
	}
	maps, err := shared.Client.CoreV1().ConfigMaps(c.namespace).List(ctx, metav1.ListOptions{})
	fmt.Fprintf(&b, "--- journal (%v)\n", err)
	for _, item := range maps.Items {
		fmt.Fprint(&b, end(item.Data["journal.json"], 60))
	}
	c.t.Log(b.String())
}

func (c *cluster) reportPod(ctx context.Context, b *strings.Builder, pod *corev1.Pod) {
	fmt.Fprintf(b, "--- pod %s on %s: %s\n", pod.Name, pod.Spec.NodeName, pod.Status.Phase)
	for _, condition := range pod.Status.Conditions {
		if condition.Status != corev1.ConditionTrue {
			fmt.Fprintf(b, "not %s: %s\n", condition.Type, condition.Message)
		}
	}
	for _, status := range pod.Status.ContainerStatuses {
		fmt.Fprintf(b, "container %s, %d restarts: %s\n", status.Name, status.RestartCount, status.State.String())
	}
	log, err := shared.Client.CoreV1().Pods(c.namespace).GetLogs(pod.Name, &corev1.PodLogOptions{TailLines: new(int64(20))}).DoRaw(ctx)
	if err != nil {
		fmt.Fprintln(b, err)
	}
	b.Write(log)
	logs, err := c.exec(ctx, pod.Name, "tail -n 15 /greenplum/.gpk/jobs/*/log /greenplum/coordinator/*/log/prober.log 2>&1; ps -eo pid,args | head -n 40")
	if err != nil {
		fmt.Fprintln(b, err)
	}
	fmt.Fprintln(b, logs)
}

// end is the last n lines of a text.
func end(text string, n int) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "")
}
