package remote

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gpk/pkg/segments"
)

// Job is a utility that runs detached in a pod. Its input, pid, log and exit status are on the pod's volume: it survives gpk and its
// connections, and any gpk can follow it. job.sh keeps it.
type Job struct {
	pods      *Pods
	Pod, Name string
}

// Job is one by its name, whether it exists or not.
func (p *Pods) Job(pod, name string) Job { return Job{p, pod, name} }

// kept is the name of the folder of an earlier run: the job's name and a time.
var kept = regexp.MustCompile(`\.\d{8}T\d{6}\.\d+$`)

// Jobs are all that a pod has had, whether they run or not, in the order of their names. It needs nothing of job.sh, which in a pod of an
// earlier gpk knows less.
func (p *Pods) Jobs(ctx context.Context, pod string) ([]Job, error) {
	out, err := p.Run(ctx, pod, segments.Run("ls", "/greenplum/.gpk/jobs"))
	if err != nil {
		return nil, err
	}
	var jobs []Job
	for name := range strings.FieldsSeq(out) {
		if !kept.MatchString(name) {
			jobs = append(jobs, p.Job(pod, name))
		}
	}
	return jobs, nil
}

// JobState is the state of a job.
type JobState struct {
	// Phase is absent, running, exited, or lost, which means that its process is gone without an exit status.
	Phase string
	// Since is when a running job started.
	Since string
	// Status is the exit status of an exited job.
	Status int
}

// State asks the pod for the state of the job.
func (j Job) State(ctx context.Context) (JobState, error) {
	return j.state(j.pods.Run(ctx, j.Pod, j.script("state")))
}

// Answer is State, if the pod answers in time.
func (j Job) Answer(ctx context.Context) (JobState, error) {
	return j.state(j.pods.RunSoon(ctx, j.Pod, j.script("state"), answerTime))
}

func (j Job) script(verb string, args ...string) segments.Command {
	return segments.Script("job.sh", append([]string{verb, j.Name}, args...)...)
}

func (j Job) state(out string, err error) (JobState, error) {
	if err != nil {
		return JobState{}, err
	}
	state, err := parseState(out)
	if err != nil {
		return JobState{}, fmt.Errorf("the state of the job %s in pod %s is unreadable: %q: %w", j.Name, j.Pod, out, err)
	}
	return state, nil
}

// parseState reads the line of job.sh about a job's state.
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
	if err != nil {
		return JobState{}, err
	}
	return state, nil
}

// AlreadyRunning is the exit status with which job.sh refuses to start a running job.
const AlreadyRunning = 3

// Start starts the job, unless the same job runs already.
func (j Job) Start(ctx context.Context, utility segments.Utility) (already bool, err error) {
	command := j.script("start", utility.Argv...)
	if command.Stdin, err = Archive(utility.Files); err != nil {
		return false, err
	}
	_, err = j.pods.Run(ctx, j.Pod, command)
	if exit, ok := errors.AsType[*Error](err); ok && exit.Status == AlreadyRunning {
		return true, nil
	}
	return false, err
}

const (
	// silencePatience is how long a pod may be unreachable before gpk stops following its job. An API server restarts in less.
	silencePatience = time.Minute
	// askEvery is how often gpk asks a job that it follows for its state. A lost node closes no connection: gpk would not notice.
	askEvery = 20 * time.Second
	// answerTime is how long that answer may take.
	answerTime = 10 * time.Second
)

// Finish follows the job's log, line by line, until the job has ended, and returns its exit status. It continues after broken streams. A
// lost job is an error: only facts show what it did.
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
				return 0, fmt.Errorf("the job %s may still run, but %s does not report its state: %w", j.Name, j.pods.Where(ctx, j.Pod), stateErr)
			}
		case state.Phase == "exited":
			if err == nil {
				return state.Status, nil
			}
			// The stream broke before the end of the log.
			if failures++; failures > 10 {
				return state.Status, nil
			}
			continue
		case state.Phase != "running":
			return 0, fmt.Errorf("the job %s in pod %s is %s: its process is gone without an exit status", j.Name, j.Pod, state.Phase)
		default:
			failures, silent = 0, time.Time{}
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// stream copies the rest of the log until the job ends, the stream breaks, or the pod is silent. The state is zero unless the job ended.
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

// Archive is a tar of files, as the standard input of a command.
func Archive(files []segments.File) (string, error) {
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
