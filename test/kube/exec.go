package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

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
	out, errs, err := n.stream(ctx, pod, "exec 2>&1\n"+script)
	var exit utilexec.CodeExitError
	switch {
	case errors.As(err, &exit):
		return Said{out + errs, exit.Code}, nil
	case err != nil:
		return Said{}, fmt.Errorf("exec in pod %s: %w: %s", pod, err, errs)
	}
	return Said{out + errs, 0}, nil
}

// Exec runs a bash script likewise, and gives what it wrote on standard output without the space around it. $1, $2, … are the arguments.
func (n *Namespace) Exec(ctx context.Context, pod, script string, args ...string) (string, error) {
	out, errs, err := n.stream(ctx, pod, script, args...)
	if err != nil {
		return "", fmt.Errorf("in pod %s: %s: %w: %s", pod, script, err, strings.TrimSpace(errs))
	}
	return strings.TrimSpace(out), nil
}

func (n *Namespace) stream(ctx context.Context, pod, script string, args ...string) (out, errs string, err error) {
	options := &corev1.PodExecOptions{Command: append([]string{"bash", "-c", script, "bash"}, args...), Stdout: true, Stderr: true}
	url := n.Client.CoreV1().RESTClient().Post().Namespace(n.Name).Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(options, scheme.ParameterCodec).URL()
	executor, err := remotecommand.NewWebSocketExecutor(n.Config, "GET", url.String())
	if err != nil {
		return "", "", err
	}
	var stdout, stderr bytes.Buffer
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &stdout, Stderr: &stderr})
	return stdout.String(), stderr.String(), err
}
