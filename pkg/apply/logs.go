package apply

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// LogOptions say how much of the logs is wanted.
type LogOptions struct {
	// Tail is how many lines of each log, all for -1.
	Tail int64
	// Since drops what is older, unless it is 0.
	Since time.Duration
	// Follow goes on with what is added until the context ends.
	Follow bool
}

// LogLine is one line of a log.
type LogLine struct {
	Pod string `json:"pod"`
	// Instance is the data directory's name, such as gpseg0; empty for what the container itself says.
	Instance string `json:"instance,omitempty"`
	Text     string `json:"text"`
}

// Logs reads the logs of a pod's container and of its instances, one call of line at a time. If one fails, the other is read.
func Logs(ctx context.Context, t *Target, pod string, options LogOptions, line func(LogLine)) error {
	if !options.Follow {
		return errors.Join(containerLog(ctx, t, pod, options, line), instanceLogs(ctx, t, pod, options, line))
	}
	line = engine.Serial(line)
	instances := make(chan error, 1)
	go func() { instances <- instanceLogs(ctx, t, pod, options, line) }()
	return errors.Join(containerLog(ctx, t, pod, options, line), <-instances)
}

func containerLog(ctx context.Context, t *Target, pod string, options LogOptions, line func(LogLine)) error {
	wanted := &corev1.PodLogOptions{Container: plan.Container, Follow: options.Follow}
	if options.Tail >= 0 {
		wanted.TailLines = &options.Tail
	}
	if options.Since > 0 {
		wanted.SinceSeconds = new(max(int64(options.Since.Seconds()), 1))
	}
	stream, err := t.kube.API.CoreV1().Pods(t.kube.Ref.Namespace).GetLogs(pod, wanted).Stream(ctx)
	if err != nil {
		return fmt.Errorf("log of pod %s: %w", pod, err)
	}
	defer func() { _ = stream.Close() }()
	for reader := bufio.NewReader(stream); ; {
		text, err := reader.ReadString('\n')
		if text != "" {
			line(LogLine{Pod: pod, Text: strings.TrimSuffix(text, "\n")})
		}
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("log of pod %s: %w", pod, err)
		}
	}
}

func instanceLogs(ctx context.Context, t *Target, pod string, options LogOptions, line func(LogLine)) error {
	lines := remote.NewLines(func(text string) {
		instance, text := segments.LogLine(text)
		line(LogLine{pod, instance, text})
	})
	var complaints strings.Builder
	streams := remote.Streams{Out: lines, Err: &complaints}
	if options.Follow {
		// Nothing is ever written to it: that it ends tells the script in the pod to end.
		in, end := io.Pipe()
		defer func() { _ = end.Close() }()
		streams.In = in
	}
	err := t.Exec(ctx, pod, segments.Logs(options.Tail, options.Since, options.Follow).Argv, streams)
	lines.Flush()
	if exit, ok := errors.AsType[*remote.Error](err); ok {
		exit.Output = complaints.String()
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}
