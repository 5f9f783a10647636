package apply

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/segments"
)

// job is a utility that runs detached in a pod, with its input, pid, log and exit status on the pod's volume, so that it
// survives gpk and its connections, and any gpk can attach to it. job.sh keeps it.
type job struct {
	target *Target
	pod    string
	name   string
}

// Names of the durable jobs that start and stop the database.
const (
	startJob   = "gpstart"
	stopJob    = "gpstop"
	restartJob = "gpstop-restart"
)

// jobState is where a job is.
type jobState struct {
	// Phase is absent, running, exited, or lost: its process is gone and left no exit status.
	Phase string
	// Since is when a running job began.
	Since string
	// Status is the exit status of an exited job.
	Status int
}

func (j job) state(ctx context.Context) (jobState, error) {
	out, err := j.target.run(ctx, j.pod, segments.Script("job.sh", "state", j.name))
	if err != nil {
		return jobState{}, err
	}
	state, err := parseJobState(out)
	if err != nil {
		return jobState{}, fmt.Errorf("the state of the job %s in pod %s came back as %q: %w", j.name, j.pod, out, err)
	}
	return state, nil
}

// parseJobState reads what job.sh prints of a job's state.
func parseJobState(out string) (state jobState, err error) {
	phase, detail, _ := strings.Cut(strings.TrimSpace(out), " ")
	state.Phase = phase
	switch phase {
	case "absent", "lost":
	case "running":
		state.Since = detail
	case "exited":
		state.Status, err = strconv.Atoi(detail)
	default:
		err = errors.New("unknown phase")
	}
	return state, err
}

// jobRuns is the exit status with which job.sh refuses to start a job that is running.
const jobRuns = 3

// start begins the job. It is refused while the same job runs.
func (j job) start(ctx context.Context, utility segments.Utility) error {
	archive, err := archive(utility.Files)
	if err != nil {
		return err
	}
	command := segments.Script("job.sh", append([]string{"start", j.name}, utility.Argv...)...)
	command.Stdin = archive
	_, err = j.target.run(ctx, j.pod, command)
	return err
}

// How long a pod may be silent before its job is given up as out of reach, which is longer than an API server takes to
// restart; how often a job that is followed is asked whether it is still there, and how long the answer may take. A node
// that is lost closes no connection: without a question nobody would notice.
const (
	silencePatience = time.Minute
	askEvery        = 20 * time.Second
	answerTime      = 10 * time.Second
)

// finish follows the job's log, line by line, until it has ended, across any number of broken streams, and returns its exit
// status. A lost job is an error: only facts can tell what it did.
func (j job) finish(ctx context.Context, line func(string)) (int, error) {
	log := &lineWriter{emit: line}
	defer log.flush()
	var silent time.Time
	for failures := 0; ; {
		state, err := j.stream(ctx, log)
		if ctx.Err() != nil {
			return 0, fmt.Errorf("%w while the job %s runs in pod %s", context.Cause(ctx), j.name, j.pod)
		}
		var stateErr error
		if err != nil || state.Phase != "exited" {
			state, stateErr = j.answer(ctx)
		}
		switch {
		case stateErr != nil:
			if silent.IsZero() {
				silent = time.Now()
			}
			if time.Since(silent) > silencePatience {
				return 0, fmt.Errorf("the job %s may go on, but %s cannot be asked about it: %w", j.name, j.target.whereabouts(ctx, j.pod), stateErr)
			}
		case state.Phase == "exited":
			if err == nil {
				return state.Status, nil
			}
			// The stream broke and the rest of the log is still to come.
			if failures++; failures > 10 {
				return state.Status, nil
			}
			continue
		case state.Phase != "running":
			return 0, fmt.Errorf("the job %s in pod %s is %s: its process is gone and left no exit status", j.name, j.pod, state.Phase)
		default:
			failures, silent = 0, time.Time{}
		}
		if err := sleep(ctx, time.Second); err != nil {
			return 0, err
		}
	}
}

// stream copies the log from where it was left until the job has ended, the stream has broken, or the pod answers no more. What
// the job has come to is in the state then, unless that was lost on its way.
func (j job) stream(ctx context.Context, log *lineWriter) (state jobState, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for sleep(ctx, askEvery) == nil {
			if _, err := j.answer(ctx); err != nil {
				stop()
			}
		}
	}()
	var last bytes.Buffer
	err = j.target.Exec(ctx, j.pod, segments.Script("job.sh", "follow", j.name, strconv.FormatInt(log.offset, 10)).Argv,
		Streams{Out: log, Err: &last})
	if state, unknown := parseJobState(last.String()); unknown == nil {
		return state, err
	}
	return jobState{}, err
}

// answer is the job's state, if the pod answers in time.
func (j job) answer(ctx context.Context) (jobState, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, fmt.Errorf("no answer within %s", answerTime))
	defer cancel()
	state, err := j.state(ctx)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return state, err
}

// whereabouts names a pod with its node, and says what is wrong with that node, as far as it may be seen.
func (t *Target) whereabouts(ctx context.Context, name string) string {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	pod, err := t.pod(ctx, name)
	if err != nil || pod == nil || pod.Spec.NodeName == "" {
		return "pod " + name
	}
	where := "pod " + name + " on node " + pod.Spec.NodeName
	node, err := t.client.CoreV1().Nodes().Get(ctx, pod.Spec.NodeName, metav1.GetOptions{})
	if err != nil {
		return where
	}
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
			where += ", which is not ready (" + c.Message + "),"
		}
	}
	return where
}

// tail are the last lines of the job's log.
func (j job) tail(ctx context.Context) string {
	out, err := j.target.run(ctx, j.pod, segments.Script("job.sh", "tail", j.name))
	if err != nil {
		return ""
	}
	return lastLines(out, 8)
}

func archive(files []segments.File) (string, error) {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, file := range files {
		if err := writer.WriteHeader(&tar.Header{Name: file.Name, Mode: 0o600, Size: int64(len(file.Content))}); err != nil {
			return "", err
		}
		if _, err := io.WriteString(writer, file.Content); err != nil {
			return "", err
		}
	}
	if err := writer.Close(); err != nil {
		return "", err
	}
	return buffer.String(), nil
}

// lineWriter hands on whole lines and counts all bytes, which is where to go on after a broken stream.
type lineWriter struct {
	emit    func(string)
	offset  int64
	partial []byte
}

// Write never fails.
func (w *lineWriter) Write(data []byte) (int, error) {
	w.offset += int64(len(data))
	w.partial = append(w.partial, data...)
	for {
		end := bytes.IndexByte(w.partial, '\n')
		if end < 0 {
			return len(data), nil
		}
		w.emit(string(w.partial[:end]))
		w.partial = w.partial[end+1:]
	}
}

// flush hands on the last line where it has no end.
func (w *lineWriter) flush() {
	if len(w.partial) > 0 {
		w.emit(string(w.partial))
		w.partial = nil
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
