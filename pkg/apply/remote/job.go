package remote

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

	"gpk/pkg/segments"
)

// Job is a utility that runs detached in a pod, with its input, pid, log and exit status on the pod's volume, so that it
// survives gpk and its connections, and any gpk can attach to it. job.sh keeps it.
type Job struct {
	pods      *Pods
	Pod, Name string
}

// Job is one by its name, which may or may not be there.
func (p *Pods) Job(pod, name string) Job { return Job{p, pod, name} }

// JobState is where a job is.
type JobState struct {
	// Phase is absent, running, exited, or lost: its process is gone and left no exit status.
	Phase string
	// Since is when a running job began.
	Since string
	// Status is the exit status of an exited job.
	Status int
}

// State is where the job is.
func (j Job) State(ctx context.Context) (JobState, error) {
	return j.state(j.pods.Run(ctx, j.Pod, j.script("state")))
}

// Answer is State, if the pod answers in time.
func (j Job) Answer(ctx context.Context) (JobState, error) {
	return j.state(j.pods.RunSoon(ctx, j.Pod, j.script("state"), answerTime))
}

// script is job.sh with a verb and its arguments, for this job.
func (j Job) script(verb string, args ...string) segments.Command {
	return segments.Script("job.sh", append([]string{verb, j.Name}, args...)...)
}

// state reads the answer to the question for it.
func (j Job) state(out string, err error) (JobState, error) {
	if err != nil {
		return JobState{}, err
	}
	state, err := parseState(out)
	if err != nil {
		return JobState{}, fmt.Errorf("the state of the job %s in pod %s came back as %q: %w", j.Name, j.Pod, out, err)
	}
	return state, nil
}

// parseState reads what job.sh prints of a job's state.
func parseState(out string) (state JobState, err error) {
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

// Runs is the exit status with which job.sh refuses to start a job that is running.
const Runs = 3

// Start begins the job, unless the same job runs already.
func (j Job) Start(ctx context.Context, utility segments.Utility) (already bool, err error) {
	command := j.script("start", utility.Argv...)
	if command.Stdin, err = archive(utility.Files); err != nil {
		return false, err
	}
	_, err = j.pods.Run(ctx, j.Pod, command)
	var exit *Error
	if errors.As(err, &exit) && exit.Status == Runs {
		return true, nil
	}
	return false, err
}

// How long a pod may be silent before its job is given up as out of reach, which is longer than an API server takes to
// restart; how often a job that is followed is asked whether it is still there, and how long the answer may take. A node
// that is lost closes no connection: without a question nobody would notice.
const (
	silencePatience = time.Minute
	askEvery        = 20 * time.Second
	answerTime      = 10 * time.Second
)

// Finish follows the job's log, line by line, until it has ended, across any number of broken streams, and returns its exit
// status. A lost job is an error: only facts can tell what it did.
func (j Job) Finish(ctx context.Context, line func(string)) (int, error) {
	log := NewLines(line)
	defer log.Flush()
	var silent time.Time
	for failures := 0; ; {
		state, err := j.stream(ctx, log)
		if ctx.Err() != nil {
			return 0, fmt.Errorf("%w while the job %s runs in pod %s", context.Cause(ctx), j.Name, j.Pod)
		}
		var stateErr error
		if err != nil || state.Phase != "exited" {
			state, stateErr = j.Answer(ctx)
		}
		switch {
		case stateErr != nil:
			if silent.IsZero() {
				silent = time.Now()
			}
			if time.Since(silent) > silencePatience {
				return 0, fmt.Errorf("the job %s may go on, but %s cannot be asked about it: %w", j.Name, j.pods.Where(ctx, j.Pod), stateErr)
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
			return 0, fmt.Errorf("the job %s in pod %s is %s: its process is gone and left no exit status", j.Name, j.Pod, state.Phase)
		default:
			failures, silent = 0, time.Time{}
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// stream copies the log from where it was left until the job has ended, the stream has broken, or the pod answers no more. What
// the job has come to is in the state then, unless that was lost on its way.
func (j Job) stream(ctx context.Context, log *Lines) (state JobState, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for ticks := time.Tick(askEvery); ; {
			select {
			case <-ticks:
			case <-ctx.Done():
				return
			}
			if _, err := j.Answer(ctx); err != nil {
				stop()
			}
		}
	}()
	var last bytes.Buffer
	err = j.pods.Exec(ctx, j.Pod, j.script("follow", strconv.FormatInt(log.offset, 10)).Argv,
		Streams{Out: log, Err: &last})
	if state, unknown := parseState(last.String()); unknown == nil {
		return state, err
	}
	return JobState{}, err
}

// Tail are the last lines of the job's log.
func (j Job) Tail(ctx context.Context) string {
	out, err := j.pods.Run(ctx, j.Pod, j.script("tail"))
	if err != nil {
		return ""
	}
	return LastLines(out, 8)
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
