package database

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// ClientAuthentication owns pg_hba.conf of every instance, and the certificates by which the cluster's pods know each other.
type ClientAuthentication struct {
	remote    *remote.Pods
	sql       *SQL
	instances *Instances
}

// Unauthenticated lists the files of instances that are up that differ from what an action wants, and the lines of the acting coordinator's
// pg_hba.conf that the server refuses. away are the pods that could not be asked.
func (c *ClientAuthentication) Unauthenticated(ctx context.Context, acting Acting, wanted plan.Authentication) (differ, away []string,
	err error) {
	kinds := hbaKinds(up(acting, wanted), wanted)
	found, notReached := make([][]string, len(kinds)+1), make([][]string, len(kinds))
	err = engine.Each(ctx, slices.Concat(kinds, []hbaKind{{}}), func(ctx context.Context, i int, kind hbaKind) (err error) {
		if i == len(kinds) {
			found[i], err = c.RefusedHBA(ctx, acting, "")
			return err
		}
		found[i], notReached[i], err = c.differing(ctx, acting.Pod, kind)
		return err
	})
	return slices.Concat(found...), slices.Concat(notReached...), err
}

func (c *ClientAuthentication) differing(ctx context.Context, acting string, kind hbaKind) (differ, away []string, err error) {
	printed, away, err := c.call(ctx, acting, "check", kind)
	if err != nil {
		return nil, nil, err
	}
	differ, err = filesIn(kind.pods, printed, segments.ParseHBA)
	for i := range differ {
		differ[i] += " differs"
	}
	return differ, away, err
}

// Authenticated is what came of an action.
type Authenticated struct {
	// Away are the pods that did not get the files.
	Away []string
	// Refused names lines that the server refuses, if the action tolerates them: no instance got any file then.
	Refused string
}

// Authenticate gives the files to all instances that are up: to the acting coordinator first, since the others only get lines of clients
// that its server accepts. Servers that take certificates at their start only, as those of Greenplum 6, and run without, are an
// UnencryptedError: they get the other files then, and pg_hba.conf after a restart.
func (c *ClientAuthentication) Authenticate(ctx context.Context, acting Acting, wanted plan.Authentication) (Authenticated, error) {
	refused, err := c.offer(ctx, acting, wanted.Coordinators)
	switch {
	case err != nil:
		return Authenticated{}, err
	case refused != "" && wanted.Tolerant:
		return Authenticated{Refused: refused}, nil
	case refused != "":
		return Authenticated{}, correctLine(errors.New(refused))
	}
	kinds := hbaKinds(up(acting, wanted), wanted)
	notReached, unencrypted := make([][]string, len(kinds)), make([][]string, len(kinds))
	err = engine.Each(ctx, kinds, func(ctx context.Context, i int, kind hbaKind) error {
		printed, away, err := c.call(ctx, acting.Pod, "write", kind)
		notReached[i] = away
		for pod, out := range printed {
			written, wrong := segments.ParseHBAWritten(out)
			err = errors.Join(err, wrong)
			if len(written.Unencrypted) > 0 {
				unencrypted[i] = append(unencrypted[i], pod)
			}
		}
		return err
	})
	if found := slices.Concat(unencrypted...); err == nil && len(found) > 0 {
		slices.Sort(found)
		err = &UnencryptedError{found}
	}
	return Authenticated{Away: slices.Concat(notReached...)}, err
}

// UnencryptedError is that the instances of some pods take connections without encryption until they are started again. Their files are
// ready for that, but for pg_hba.conf, by which nobody could come in before.
type UnencryptedError struct{ pods []string }

// Error names the pods.
func (e *UnencryptedError) Error() string {
	return "the instances of these pods take no certificates before they are started again: " + engine.Few(e.pods)
}

// call runs a verb of hba.sh in the pods of a kind, from the acting coordinator's pod, and gives what they printed by pod. A pod that ssh
// does not reach is no error, except for the acting coordinator's: the catalogue may call an instance up whose pod has gone, and calls the
// standby so always. The next recover or failover that has it asks it again.
func (c *ClientAuthentication) call(ctx context.Context, acting, verb string, kind hbaKind) (printed map[string]string, away []string,
	err error) {
	replies, err := c.instances.replies(ctx, acting, "hba.sh", verb, kind.pods, kind.hba)
	if err != nil {
		return nil, nil, err
	}
	printed = map[string]string{}
	for _, pod := range kind.pods {
		reply := replies[pod.Pod]
		if reply.Unreached() && pod.Pod != acting {
			away = append(away, pod.Pod)
			continue
		}
		printed[pod.Pod] = reply.Out
		err = errors.Join(err, failed(reply, "hba.sh", verb, pod))
	}
	return printed, away, err
}

// hbaKind is one pg_hba.conf, and the pods that have it.
type hbaKind struct {
	hba  string
	pods []PodDirs
}

// hbaKinds are the coordinators of some instances, and the segments.
func hbaKinds(instances []topology.Instance, wanted plan.Authentication) []hbaKind {
	var coordinators, others []topology.Instance
	for _, instance := range instances {
		if instance.Content == topology.CoordinatorContent {
			coordinators = append(coordinators, instance)
		} else {
			others = append(others, instance)
		}
	}
	return []hbaKind{{wanted.Coordinators, ByPod(coordinators)}, {wanted.Segments, ByPod(others)}}
}

// up are the instances that are up, of those that an action is about. One that is down gets a copy of its pair's files when it is
// recovered.
func up(acting Acting, wanted plan.Authentication) (instances []topology.Instance) {
	for _, row := range acting.Catalogue.Up() {
		if wanted.OnlyCoordinators && row.Content != topology.CoordinatorContent {
			continue
		}
		instances = append(instances, topology.Instance{Content: row.Content, Pod: row.Pod(), Host: row.Host, Dir: row.Dir})
	}
	return instances
}

// offer writes pg_hba.conf of the acting coordinator. It restores the file if the server refuses a line, and names such lines. The server
// would continue with the rules that it has read, but would not start with these: it is an error as well if the file cannot be restored.
func (c *ClientAuthentication) offer(ctx context.Context, acting Acting, hba string) (refusedLines string, err error) {
	out, err := c.remote.Run(ctx, acting.Pod, segments.HBAScript("offer", hba, topology.CoordinatorDir))
	if err != nil {
		return "", err
	}
	var written segments.HBAWritten
	// The scripts of an earlier gpk print nothing here. Those of this gpk reach the pods up to two minutes later.
	if strings.TrimSpace(out) != "" {
		if written, err = segments.ParseHBAWritten(out); err != nil {
			return "", fmt.Errorf("pod %s: %w", acting.Pod, err)
		}
	}
	refused := refusedWords(acting, written.Refused, hba)
	if len(refused) == 0 {
		refused, err = c.RefusedHBA(ctx, acting, hba)
	}
	if err != nil || len(refused) == 0 {
		return "", err
	}
	lines := strings.Join(refused, "; ")
	if _, err := c.remote.Run(ctx, acting.Pod, segments.HBAScript("withdraw", "", topology.CoordinatorDir)); err != nil {
		return "", correctLine(fmt.Errorf("%s; gpk could not restore the previous file, and the coordinator would not start again with this "+
			"one: %w", lines, err))
	}
	return lines + "; gpk has restored the previous file", nil
}

func correctLine(err error) error {
	return &engine.NextError{Err: err,
		Next: engine.Next("correct the line, in spec.database.hba if it is from there, and run the same command again")}
}

// RefusedHBA lists the lines of pg_hba.conf that the acting coordinator refuses, with their text if content is the file's.
func (c *ClientAuthentication) RefusedHBA(ctx context.Context, acting Acting, content string) ([]string, error) {
	out, err := c.sql.Query(ctx, acting, "postgres", segments.RefusedHBASQL)
	if err != nil {
		return nil, err
	}
	refused, err := segments.ParseRefusedHBA(out)
	return refusedWords(acting, refused, content), err
}

func refusedWords(acting Acting, refused []segments.RefusedLine, content string) []string {
	faults := make([]string, len(refused))
	lines := strings.Split(content, "\n")
	for i, r := range refused {
		faults[i] = fmt.Sprintf("the coordinator refuses line %d of %s/pg_hba.conf in pod %s", r.Line, topology.CoordinatorDir, acting.Pod)
		if content != "" && r.Line > 0 && r.Line <= len(lines) {
			faults[i] += fmt.Sprintf(", %q", topology.HideSecrets(lines[r.Line-1]))
		}
		faults[i] += ": " + topology.HideSecrets(r.Error)
	}
	return faults
}
