package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"
)

// Said is what a command in a pod left: all that it wrote, in order, and its exit status.
type Said struct {
	Output string
	Status int
}

// Run runs a bash script in a pod's first container, as `kubectl exec` would. An exit status is no error.
func (n *Namespace) Run(ctx context.Context, pod, script string) (Said, error) {
	options := &corev1.PodExecOptions{Command: []string{"bash", "-c", "exec 2>&1\n" + script}, Stdout: true, Stderr: true}
	url := n.Client.CoreV1().RESTClient().Post().Namespace(n.Name).Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(options, scheme.ParameterCodec).URL()
	executor, err := remotecommand.NewWebSocketExecutor(n.Config, "GET", url.String())
	if err != nil {
		return Said{}, err
	}
	var out, errs bytes.Buffer
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &errs})
	var exit utilexec.CodeExitError
	switch {
	case errors.As(err, &exit):
		return Said{out.String() + errs.String(), exit.Code}, nil
	case err != nil:
		return Said{}, fmt.Errorf("exec in pod %s: %w: %s", pod, err, errs.String())
	}
	return Said{out.String() + errs.String(), 0}, nil
}
