package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// facts asks several pods what their volumes and processes say of the instances that belong there.
func (t *Target) facts(ctx context.Context, pods []podDirs) (map[string]segments.PodFacts, error) {
	answers := make([]segments.PodFacts, len(pods))
	err := each(ctx, pods, func(ctx context.Context, i int, pod podDirs) error {
		out, err := t.run(ctx, pod.pod, segments.Instances("facts", pod.dirs...))
		if err == nil {
			answers[i], err = segments.ParsePodFacts(out)
		}
		return err
	})
	byPod := map[string]segments.PodFacts{}
	for i, pod := range pods {
		byPod[pod.pod] = answers[i]
	}
	return byPod, err
}

// podDirs is a pod with the data directories of its instances.
type podDirs struct {
	pod  string
	dirs []string
}

// byPod groups instances by their pod, in the order of the topology.
func byPod(instances []topology.Instance) []podDirs {
	var pods []podDirs
	at := map[string]int{}
	for _, instance := range instances {
		i, found := at[instance.Pod]
		if !found {
			i = len(pods)
			at[instance.Pod] = i
			pods = append(pods, podDirs{pod: instance.Pod})
		}
		pods[i].dirs = append(pods[i].dirs, instance.Dir)
	}
	return pods
}

// instances calls a verb of instances.sh in several pods at once.
func (t *Target) instances(ctx context.Context, verb string, pods []podDirs) error {
	return each(ctx, pods, func(ctx context.Context, _ int, pod podDirs) error {
		_, err := t.run(ctx, pod.pod, segments.Instances(verb, pod.dirs...))
		return err
	})
}

// runJob starts a utility as a durable job and follows it to its end. A utility that failed is an error with the log's end.
// One that an earlier gpk has started and that still runs is followed instead: whether it did what is wanted now, the
// step's Check will say.
func (t *Target) runJob(ctx context.Context, pod, name string, utility segments.Utility, progress func(string)) error {
	j := job{t, pod, name}
	err := j.start(ctx, utility)
	var exit *ExecError
	if errors.As(err, &exit) && exit.Status == jobRuns {
		progress("attaching to " + utility.Argv[0] + ", which is running")
	} else if err != nil {
		return err
	}
	return j.follow(ctx, utility.Argv[0], progress)
}

// follow waits for a job that has been started, by whomever.
func (j job) follow(ctx context.Context, utility string, progress func(string)) error {
	status, err := j.finish(ctx, progress)
	if err != nil || status == 0 {
		return err
	}
	failure := &UtilityError{Pod: j.pod, Utility: utility, Status: status, Causes: j.target.causes(ctx, j.pod)}
	if len(failure.Causes) == 0 {
		failure.Causes = []string{j.tail(ctx)}
	}
	return failure
}

// UtilityError is a utility that ran to its end and says that it has failed.
type UtilityError struct {
	Pod, Utility string
	Status       int
	// Causes are what the logs of the cluster's pods say of it, one line each.
	Causes []string
}

// Error names the pod and the utility, and has a line for each cause.
func (e *UtilityError) Error() string {
	return fmt.Sprintf("in pod %s: %s: exit status %d\n  %s", e.Pod, e.Utility, e.Status, strings.Join(e.Causes, "\n  "))
}

// The bounds of looking for causes: of pods, of the time for it, and of lines.
const (
	mostAsked  = 64
	causesTime = 20 * time.Second
	mostCauses = 12
)

// causes asks the pods for what their logs say has gone wrong, those of the pod that the utility ran in first. In a large
// cluster that is the only one.
func (t *Target) causes(ctx context.Context, first string) []string {
	ctx, cancel := context.WithTimeout(ctx, causesTime)
	defer cancel()
	asked := []string{first}
	if pods, err := t.Pods(ctx); err == nil && len(pods) <= mostAsked {
		for i := range pods {
			if pods[i].Name != first && running(&pods[i]) {
				asked = append(asked, pods[i].Name)
			}
		}
	}
	answers := make([][]string, len(asked))
	_ = each(ctx, asked, func(ctx context.Context, i int, pod string) error {
		if out, err := t.run(ctx, pod, segments.Why()); err == nil {
			for _, line := range segments.ParseWhy(out) {
				answers[i] = append(answers[i], pod+": "+line)
			}
		}
		return nil
	})
	causes := slices.Concat(answers...)
	return causes[:min(len(causes), mostCauses)]
}

// Pods lists the cluster's pods.
func (t *Target) Pods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := t.client.CoreV1().Pods(t.Ref.Namespace).List(ctx, t.listOptions())
	if err != nil {
		return nil, fmt.Errorf("pods: %w", err)
	}
	return list.Items, nil
}

// Clusters are the names of the clusters in a namespace, in order: those that gpk keeps a record of, and those of which
// delete has left the volumes. Who may not list volume claims is told of the first only: the others have nothing to ask.
func Clusters(ctx context.Context, t *Target) ([]string, error) {
	managed := metav1.ListOptions{LabelSelector: plan.ManagedSelector}
	records, err := t.client.CoreV1().ConfigMaps(t.Ref.Namespace).List(ctx, managed)
	if err != nil {
		return nil, fmt.Errorf("the records of clusters: %w", err)
	}
	claims, err := t.client.CoreV1().PersistentVolumeClaims(t.Ref.Namespace).List(ctx, managed)
	if err := unlessForbidden("the volumes of clusters", err); err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, item := range records.Items {
		if name := plan.ClusterOf(&item); item.Name == recordName(name) {
			found[name] = true
		}
	}
	for _, item := range claims.Items {
		found[plan.ClusterOf(&item)] = true
	}
	return slices.Sorted(maps.Keys(found)), nil
}
