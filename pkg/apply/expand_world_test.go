package apply

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/remote"
	"gpk/pkg/apply/steps/expand"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// fakeExpansion is a fake of the pods of a cluster that is expanded: what their scripts would answer. It knows gpexpand's traps:
// a setup that stopped before the catalogue was changed wants to be rolled back first, one that stopped later goes on, and the
// one without a status file and with its schema redistributes instead. Real pods are in the tests on the bench.
type fakeExpansion struct {
	mutex sync.Mutex
	// from and to are the instances before and after.
	from, to []topology.Instance
	// acting is the coordinator's pod, and silent: it does not answer.
	acting    string
	silent    bool
	catalogue segments.Catalogue
	// dying is how many probes the last mirror, which was killed, is still up in the catalogue for.
	dying int
	// setup is the last line of gpexpand's status file, schema the last of its words in the database.
	setup, schema string
	tablespace    string
	// size is that of the database, and largest that of its largest table.
	size, largest int64
	// byHand: somebody has started a gpexpand beside gpk.
	byHand bool
	// made and noted are directories, by pod.
	made, noted map[string][]string
	hba         fakeHBA
	jobs        map[string]*fakeJob
	// dies is where the next gpexpand -i is killed.
	dies       string
	dispatched int
	violations []string
}

func newExpansion(api *apitest.API, from, to topology.Topology) *fakeExpansion {
	f := &fakeExpansion{from: from.Instances, to: to.Instances, acting: from.Coordinator().Pod, setup: segments.NoSetup, size: 1 << 20, largest: 1 << 20,
		made: map[string][]string{}, noted: map[string][]string{}, hba: fakeHBA{}, jobs: map[string]*fakeJob{}}
	for _, i := range from.Instances {
		f.add(i, true)
	}
	api.Exec, api.Stored = f.exec, runningPods
	return f
}

// runningPods is the fake's part as a controller: a StatefulSet's pods are ready at once.
func runningPods(object plan.Object) []plan.Object {
	set, ok := object.(*appsv1.StatefulSet)
	if !ok {
		return nil
	}
	var pods []plan.Object
	for ordinal := range *set.Spec.Replicas {
		pods = append(pods, &corev1.Pod{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%d", set.Name, ordinal), Namespace: set.Namespace, Labels: set.Spec.Template.Labels},
			Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: plan.Container, Ready: true,
				State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}},
		})
	}
	return pods
}

func (f *fakeExpansion) add(i topology.Instance, up bool) {
	row := segments.Row{DBID: i.DBID, Content: i.Content, Role: i.Role, PreferredRole: i.Role, Mode: "s", Status: "u",
		Port: i.Port, Host: i.Host, Address: i.Host, Dir: i.Dir}
	if !up {
		row.Status, row.Mode = "d", "n"
	}
	f.catalogue = append(f.catalogue, row)
	if !slices.Contains(f.made[i.Pod], i.Dir) {
		f.made[i.Pod] = append(f.made[i.Pod], i.Dir)
	}
}

func (f *fakeExpansion) fresh() []topology.Instance {
	return slices.DeleteFunc(slices.Clone(f.to), func(i topology.Instance) bool { return i.Content < f.count() })
}

// count is the number of contents before.
func (f *fakeExpansion) count() int32 {
	last := int32(0)
	for _, i := range f.from {
		last = max(last, i.Content+1)
	}
	return last
}

// catalogued says whether the catalogue has the new segments.
func (f *fakeExpansion) catalogued() bool {
	return slices.ContainsFunc(f.catalogue, func(r segments.Row) bool { return r.Content >= f.count() })
}

func (f *fakeExpansion) exec(pod string, argv []string, stdin io.Reader, out, _ io.Writer) int {
	input, err := io.ReadAll(stdin)
	if err != nil {
		return apitest.Cut
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	script, args := strings.TrimPrefix(argv[1], "/gpk/scripts/"), argv[2:]
	switch {
	case script == "job.sh":
		return f.job(pod, args, out)
	case script == "expand.sh":
		return f.expand(pod, args[0], args[1:], out)
	case script == "instances.sh":
		fmt.Fprintf(out, "marker initialised\nend\n")
		return f.sql(pod, string(input), out)
	case script == "reach.sh":
		for host := range strings.FieldsSeq(string(input)) {
			fmt.Fprintf(out, "%s ok\n", host)
		}
	case script == "coordinator.sh": // it knows of no term
	case script == "why.sh":
		fmt.Fprintln(out, "end")
	case script == "hba.sh":
		return f.hba.script(pod, args, string(input), out)
	case script == "everywhere.sh" && args[0] == "hba.sh":
		f.everywhere(args[1], string(input), out)
	case args[0] == "psql":
		return f.sql(pod, string(input), out)
	case args[0] == "gpexpand" && args[1] == "-c":
		f.dropSchema()
	default:
		f.violations = append(f.violations, fmt.Sprintf("the fake does not know %q", argv))
		return 127
	}
	return 0
}

func (f *fakeExpansion) probe() {
	if f.dying--; f.dying == 0 {
		f.catalogue[len(f.catalogue)-1].Status = "d"
	}
	f.dying = max(f.dying, 0)
}

func (f *fakeExpansion) dropSchema() {
	if f.schema != "EXPANSION COMPLETE" {
		f.violations = append(f.violations, "the schema was dropped while it said "+f.schema)
	}
	f.schema = ""
}

func (f *fakeExpansion) sql(pod, sql string, out io.Writer) int {
	if f.silent || strings.Contains(pod, "coordinator") && pod != f.acting {
		return 2
	}
	switch sql {
	case "":
	case segments.ProbeSQL:
		f.probe()
	case segments.CatalogueSQL:
		_ = json.NewEncoder(out).Encode(f.catalogue)
	case segments.RefusedHBASQL:
		fmt.Fprintln(out, "[]")
	case segments.SilentMirrorsSQL:
		fmt.Fprintln(out, min(f.dying, 1))
	case segments.AnsweringSQL:
		fmt.Fprintln(out, f.catalogue.Primaries())
	case segments.ExpansionThereSQL:
		fmt.Fprintln(out, map[bool]string{true: "t", false: "f"}[f.schema != ""])
	case segments.ExpansionSQL:
		left := map[bool]int{true: 0, false: 3}[f.schema == "EXPANSION COMPLETE"]
		fmt.Fprintf(out, `{"status": %q, "tables": 3, "tablesLeft": %d, "bytes": 4096, "bytesLeft": %d}`, f.schema, left, left*1024)
	case segments.TablespacesSQL:
		fmt.Fprintf(out, "[%s]", f.tablespace)
	case segments.DatabasesSQL:
		fmt.Fprintln(out, `["postgres"]`)
	case segments.SizeSQL:
		fmt.Fprintln(out, f.size)
	case segments.LargestSQL:
		fmt.Fprintln(out, f.largest)
	case segments.VerifyReadSQL():
		fmt.Fprintf(out, `{"rows":1000,"sum":500500,"primaries":%d}`, f.catalogue.Primaries())
	default:
		f.violations = append(f.violations, fmt.Sprintf("the fake does not know %q", sql))
		return 3
	}
	return 0
}

func (f *fakeExpansion) expand(pod, verb string, dirs []string, out io.Writer) int {
	switch verb {
	case "facts":
		runs := map[bool]string{true: "running", false: "idle"}[f.byHand && pod == f.acting]
		for _, j := range f.jobs {
			if strings.HasPrefix(j.state, "running") && pod == f.acting {
				runs = "running"
			}
		}
		fmt.Fprintf(out, "status %s\ngpexpand %s\nfree 100000000000\nsize 1000000\n", map[bool]string{true: f.setup, false: "none"}[pod == f.acting], runs)
		for _, dir := range dirs {
			state := map[bool]string{true: "stopped", false: "absent"}[slices.Contains(f.made[pod], dir)]
			fmt.Fprintf(out, "instance %s %s %s\n", dir, state, map[bool]string{true: "new", false: "kept"}[slices.Contains(f.noted[pod], dir)])
		}
		fmt.Fprintln(out, "end")
	case "prepare":
		for _, dir := range dirs {
			if slices.Contains(f.made[pod], dir) {
				return 1
			}
			if !slices.Contains(f.noted[pod], dir) {
				f.noted[pod] = append(f.noted[pod], dir)
			}
		}
	case "clear":
		for _, dir := range dirs {
			if slices.ContainsFunc(f.catalogue, func(r segments.Row) bool { return r.Pod() == pod && r.Dir == dir }) {
				f.violations = append(f.violations, dir+" of the catalogue was cleared")
			}
			f.made[pod] = slices.DeleteFunc(f.made[pod], func(made string) bool { return made == dir })
		}
		delete(f.noted, pod)
	case "finish":
		delete(f.noted, pod)
	case "forward":
		f.setup = segments.CatalogueDone
	case "forget":
		f.setup = segments.NoSetup
	}
	return 0
}

func (f *fakeExpansion) everywhere(verb, input string, out io.Writer) {
	calls, hba, _ := strings.Cut(input, "end\n")
	for line := range strings.Lines(calls) {
		words := strings.Fields(line)
		var said strings.Builder
		status := f.hba.script(words[0], append([]string{verb}, words[1:]...), hba, &said)
		for line := range strings.Lines(said.String()) {
			fmt.Fprintf(out, "%s %s", words[0], line)
		}
		fmt.Fprintf(out, "%s exit %d\n", words[0], status)
	}
	fmt.Fprintln(out, "end")
}

func (f *fakeExpansion) job(pod string, args []string, out io.Writer) int {
	verb, name := args[0], args[1]
	j := f.jobs[name]
	switch {
	case pod != f.acting:
		f.violations = append(f.violations, "a job in pod "+pod)
	case verb == "state" && j == nil:
		fmt.Fprintln(out, "absent")
	case verb == "state":
		fmt.Fprintln(out, j.state)
	case verb == "start" && j != nil && strings.HasPrefix(j.state, "running"):
		return remote.AlreadyRunning
	case verb == "start":
		f.jobs[name] = &fakeJob{args[2:], "running 2026-11-22T12:00:00Z"}
		f.begin(name, f.jobs[name])
	case verb == "follow":
		f.end(name, j)
	}
	return 0
}

// begin is what is there as soon as a utility has been started.
func (f *fakeExpansion) begin(name string, j *fakeJob) {
	if name != expand.SetupJob || f.catalogued() {
		return
	}
	if f.setup != segments.NoSetup {
		j.state = "exited 0"
		return
	}
	f.setup = "BUILD_SEGMENTS_STARTED"
	for _, i := range f.fresh() {
		if slices.Contains(f.made[i.Pod], i.Dir) {
			f.violations = append(f.violations, i.Dir+" was there already")
		}
		f.made[i.Pod] = append(f.made[i.Pod], i.Dir)
	}
}

// end is a job that comes to its end, or to where it is killed.
func (f *fakeExpansion) end(name string, j *fakeJob) {
	if !strings.HasPrefix(j.state, "running") {
		return
	}
	j.state = "exited 0"
	switch name {
	case expand.SetupJob:
		f.setUp(j)
	case expand.RollbackJob:
		if f.catalogued() {
			f.violations = append(f.violations, "rolled back with the new segments in the catalogue")
		}
		f.setup = segments.NoSetup
		for _, i := range f.fresh() {
			f.made[i.Pod] = slices.DeleteFunc(f.made[i.Pod], func(made string) bool { return made == i.Dir })
		}
	case "gprecoverseg-new":
		for i := range f.catalogue {
			f.catalogue[i].Status, f.catalogue[i].Mode = "u", "s"
		}
	case expand.RedistributeJob:
		f.schema = "EXPANSION COMPLETE"
	}
}

// setUp goes through what gpexpand -i does, until it is killed.
func (f *fakeExpansion) setUp(j *fakeJob) {
	dies := f.dies
	f.dies = ""
	if f.setup == segments.NoSetup {
		f.violations = append(f.violations, "gpexpand -i redistributed")
	}
	for _, stage := range []string{"BUILD_SEGMENTS_STARTED", segments.CatalogueStarted, segments.CatalogueDone, "SETUP DONE", ""} {
		switch {
		case stage == segments.CatalogueStarted && !f.catalogued():
			f.setup, f.dispatched = stage, f.dispatched+1
			for _, i := range f.catalogue.NewRows(f.fresh()) {
				f.add(i, i.Role == topology.Primary)
			}
		case stage == segments.CatalogueDone:
			f.setup = stage
		case stage == "SETUP DONE":
			f.setup, f.schema = segments.NoSetup, stage
		case stage == "":
			for i := range f.catalogue {
				f.catalogue[i].Status, f.catalogue[i].Mode = "u", "s"
			}
		}
		if stage == dies && dies != "" {
			j.state = "lost"
			return
		}
	}
}
