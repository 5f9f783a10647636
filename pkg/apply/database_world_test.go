package apply

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// fakeDatabase is a fake of all pods of a cluster: what their scripts would answer, over volumes, jobs and a catalogue in
// memory. It knows the utilities' traps that matter for a rerun: gpinitsystem and gpinitstandby refuse a directory that
// exists, and what was killed leaves its directories behind. Real pods are in the tests on the bench.
type fakeDatabase struct {
	api      *apitest.API
	topology topology.Topology
	mutex    sync.Mutex
	volumes  map[string]*fakeVolume
	// up: the instances run and the coordinator answers.
	up       bool
	complete bool
	standby  bool
	database bool
	rows     bool
	hba      fakeHBA
	// away is the pod that ssh does not reach.
	away string
	// refuses is the line of pg_hba.conf that the server does not take.
	refuses   string
	extension bool
	roles     map[string]string
	config    map[string]string
	// files are what the instances' files have of settings, by pod and name, and mute the pods whose instance does not say.
	files map[string]map[string]segments.FileSetting
	mute  map[string]bool
	// unaltered are what was taken back of ALTER SYSTEM, by pod and name.
	unaltered []string
	// configured are the calls of gpconfig, without values.
	configured []string
	// stale is what the instances need to follow their settings.
	stale string
	// begun and finished count the utilities' runs.
	begun, finished map[string]int
	// setup is how far that of an expansion has come, "" without one.
	setup string
	// broken is the utility that fails whatever it is asked.
	broken     string
	violations []string
}

// fakeVolume is the volume of a pod.
type fakeVolume struct {
	marker segments.Marker
	dirs   map[string]bool
	jobs   map[string]*fakeJob
	// term is the latest of a decision that it knows.
	term int64
}

// learn refuses a term that an earlier decision has.
func (v *fakeVolume) learn(term string, errs io.Writer) int {
	n, err := strconv.ParseInt(term, 10, 64)
	if err != nil || n < v.term {
		fmt.Fprintln(errs, "there is a later decision than this one")
		return 1
	}
	v.term = n
	return 0
}

type fakeJob struct {
	argv  []string
	state string
}

func newDatabase(api *apitest.API, t topology.Topology) *fakeDatabase {
	d := &fakeDatabase{api: api, topology: t, volumes: map[string]*fakeVolume{}, hba: fakeHBA{},
		roles: map[string]string{}, config: map[string]string{}, begun: map[string]int{}, finished: map[string]int{}}
	for _, pod := range t.Pods() {
		d.volumes[pod] = &fakeVolume{marker: segments.NotInitialised, dirs: map[string]bool{}, jobs: map[string]*fakeJob{}}
	}
	api.Exec = d.exec
	api.Stored = d.stored
	return d
}

// stored is the fake's part as a controller: a StatefulSet's pods run at once, and a pod that tries the network finds it closed.
func (d *fakeDatabase) stored(object plan.Object) []plan.Object {
	if pod, ok := object.(*corev1.Pod); ok && strings.Contains(pod.GenerateName, "-probe-") {
		doors := pod.Spec.Containers[0].Args
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: plan.Container, State: corev1.ContainerState{
			Terminated: &corev1.ContainerStateTerminated{Message: "open " + doors[0] + "\nclosed " + strings.Join(doors[1:], "\nclosed ") + "\nend\n"}}}}
		return nil
	}
	set, ok := object.(*appsv1.StatefulSet)
	if !ok {
		return nil
	}
	var pods []plan.Object
	for ordinal := range *set.Spec.Replicas {
		pods = append(pods, &corev1.Pod{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%d", set.Name, ordinal), Namespace: set.Namespace, Labels: set.Spec.Template.Labels},
			Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: plan.Container, ImageID: "sha256:1",
				State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}},
		})
	}
	return pods
}

// ready is what the kubelets would find: a pod is ready when its instances run and are known to be complete.
func (d *fakeDatabase) ready() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.api.Mutex.Lock()
	defer d.api.Mutex.Unlock()
	for pod, volume := range d.volumes {
		if object, ok := d.api.Objects[apitest.Key("pods", pod)].(*corev1.Pod); ok {
			object.Status.ContainerStatuses[0].Ready = d.up && volume.marker == segments.Initialised
		}
	}
}

func (d *fakeDatabase) exec(pod string, argv []string, stdin io.Reader, out, errs io.Writer) int {
	input, err := io.ReadAll(stdin)
	if err != nil {
		return apitest.Cut
	}
	d.mutex.Lock()
	defer d.ready()
	defer d.mutex.Unlock()
	script, args := strings.TrimPrefix(argv[1], "/gpk/scripts/"), argv[2:]
	switch {
	case script == "job.sh":
		return d.job(pod, args[0], args[1], args[2:], out, errs)
	case script == "instances.sh" && args[0] == "coordinator":
		d.instances(pod, "facts", args[1:], out, errs)
		return d.sql(pod, string(input), false, out, errs)
	case script == "instances.sh":
		return d.instances(pod, args[0], args[1:], out, errs)
	case script == "everywhere.sh":
		d.everywhere(args[0], args[1], string(input), out)
	case script == "expand.sh" && args[0] == "facts":
		fmt.Fprintf(out, "status %s\ngpexpand idle\nfree 0\nend\n", cmp.Or(d.setup, segments.NoSetup))
	case script == "coordinator.sh" && args[0] == "latest":
		fmt.Fprintln(out, d.volumes[pod].term)
	case script == "coordinator.sh" && slices.Contains([]string{"asides", "discard", "timelines"}, args[0]):
		fmt.Fprintln(out, "end")
	case script == "coordinator.sh" && args[0] == "term":
		return d.volumes[pod].learn(args[1], errs)
	case script == "ready.sh" && !d.up:
		fmt.Fprintln(out, "the instance is not running")
		return 1
	case script == "ready.sh":
	case script == "why.sh":
		fmt.Fprintf(out, "gpinitsystem.log: no space left in %s\nend\n", pod)
	case script == "image.sh":
		fmt.Fprintf(out, "release postgres (Greenplum Database) 7.1.0 build commit:local\nend\n")
	case script == "reach.sh":
		for host := range strings.FieldsSeq(string(input)) {
			name, _, _ := strings.Cut(host, ".")
			fresh := ""
			if d.volumes[name].marker == segments.NotInitialised {
				fresh = " fresh"
			}
			fmt.Fprintf(out, "%s ok%s\n", host, fresh)
		}
	case script == "ports.sh":
		for line := range strings.Lines(string(input)) {
			if link, found := strings.CutPrefix(line, "connect "); found {
				fmt.Fprintf(out, "ok %s", link)
			}
		}
		fmt.Fprintln(out, "end")
	case script == "hba.sh":
		return d.hba.script(pod, args, string(input), out)
	case args[0] == "ls":
		fmt.Fprintln(out, strings.Join(slices.Sorted(maps.Keys(d.volumes[pod].jobs)), "\n"))
	case args[0] == "gpconfig" && args[1] == "-s":
		fmt.Fprintf(out, "Coordinator value: '%[1]s'\nSegment     value: '%[1]s'\n", d.config[args[2]])
	case args[0] == "env":
		return d.settings(pod, string(input), out, errs)
	case args[0] == "psql":
		return d.sql(pod, string(input), slices.Contains(args, "-h"), out, errs)
	default:
		d.violations = append(d.violations, fmt.Sprintf("the fake does not know %q", argv))
		return 127
	}
	return 0
}

func (d *fakeDatabase) everywhere(script, verb, input string, out io.Writer) {
	calls, rest, _ := strings.Cut(input, "end\n")
	for line := range strings.Lines(calls) {
		words := strings.Fields(line)
		pod, _, _ := strings.Cut(words[0], ".")
		var said strings.Builder
		status := 127
		switch {
		case pod == d.away:
			status = 255
		case script == "hba.sh":
			status = d.hba.script(pod, append([]string{verb}, words[1:]...), rest, &said)
		case script == "instances.sh":
			status = d.instances(pod, verb, words[1:], &said, &said)
		}
		for line := range strings.Lines(said.String()) {
			fmt.Fprintf(out, "%s %s", words[0], line)
		}
		fmt.Fprintf(out, "%s exit %d\n", words[0], status)
	}
	fmt.Fprintln(out, "end")
}

func (d *fakeDatabase) sql(pod, sql string, client bool, out, errs io.Writer) int {
	if !d.up || !client && pod != d.topology.Coordinator().Pod {
		fmt.Fprintln(errs, "psql: error: connection refused")
		return 2
	}
	switch {
	case sql == "":
		// The stream was cut before the SQL came, which psql takes for its end.
	case sql == segments.CatalogueSQL:
		_ = json.NewEncoder(out).Encode(d.catalogue())
	case sql == segments.ProbeSQL, sql == segments.DropPasswordSQL, strings.Contains(sql, "\nselect h.name from unnest"):
	case sql == segments.RefusedHBASQL:
		fmt.Fprintln(out, d.refused(pod))
	case sql == segments.UnreadSQL:
		fmt.Fprintln(out, "f")
	case sql == segments.SilentMirrorsSQL:
		fmt.Fprintln(out, 0)
	case sql == segments.AnsweringSQL:
		fmt.Fprintln(out, len(d.topology.Segments(topology.Primary)))
	case strings.HasPrefix(sql, "select exists"):
		fmt.Fprintln(out, map[bool]string{true: "t", false: "f"}[d.database])
	case strings.HasPrefix(sql, "select name from (values (0, 'pgcrypto'))"):
		fmt.Fprint(out, map[bool]string{false: "pgcrypto\n"}[d.extension])
	case strings.HasPrefix(sql, "create extension"):
		d.extension = true
	case strings.Contains(sql, "from pg_authid"):
		_ = json.NewEncoder(out).Encode(d.roles)
	case strings.Contains(sql, "\ncreate role"):
		if d.roles["visitor"] != "" {
			fmt.Fprintln(errs, "ERROR: role exists")
			return 3
		}
		_, stored, _ := strings.Cut(sql, "\\set scram ")
		d.roles["visitor"] = strings.Split(stored, "'")[1]
	case strings.HasPrefix(sql, "create database"):
		if d.database {
			fmt.Fprintln(errs, "ERROR: database exists")
			return 3
		}
		d.database = true
	case sql == segments.VerifyWriteSQL():
		d.rows = true
	case sql == segments.VerifyReadSQL() && !d.rows:
		fmt.Fprintln(errs, "ERROR: relation does not exist")
		return 3
	case sql == segments.VerifyReadSQL():
		fmt.Fprintf(out, `{"rows":1000,"sum":500500,"primaries":%d}`, len(d.topology.Segments(topology.Primary)))
	case strings.HasPrefix(sql, "select case"):
		fmt.Fprintln(out, d.stale)
	default:
		d.violations = append(d.violations, fmt.Sprintf("the fake does not know %q", sql))
		return 3
	}
	return 0
}

// settings is what an instance answers past the coordinator.
func (d *fakeDatabase) settings(pod, sql string, out, errs io.Writer) int {
	if d.mute[pod] {
		fmt.Fprintln(errs, "psql: error: connection refused")
		return 2
	}
	for line := range strings.Lines(sql) {
		if name, found := strings.CutPrefix(line, "alter system reset "); found {
			name = strings.Trim(name, "\";\n")
			d.files[pod][name] = segments.FileSetting{Name: name, Value: new(d.config[name])}
			d.unaltered = append(d.unaltered, pod+" "+name)
		}
	}
	if strings.Contains(sql, "\nselect coalesce(json_agg(found)") {
		_ = json.NewEncoder(out).Encode(slices.Collect(maps.Values(d.files[pod])))
	}
	return 0
}

func (d *fakeDatabase) refused(pod string) string {
	if i := slices.Index(strings.Split(d.hba[pod+":"+topology.CoordinatorDir], "\n"), d.refuses); d.refuses != "" && i >= 0 {
		return fmt.Sprintf(`[{"line" : %d, "error" : "it mixes two ways"}]`, i+1)
	}
	return "[]"
}

func (d *fakeDatabase) catalogue() segments.Catalogue {
	rows := segments.Catalogue{}
	for _, i := range d.topology.Instances {
		standby := i.Content == topology.CoordinatorContent && i.Role == topology.Mirror
		if standby && d.standby || !standby && d.complete {
			rows = append(rows, segments.Row{DBID: i.DBID, Content: i.Content, Role: i.Role, PreferredRole: i.Role, Mode: "s", Status: "u",
				Port: i.Port, Host: i.Host, Address: i.Host, Dir: i.Dir})
		}
	}
	return rows
}

func (d *fakeDatabase) instances(pod, verb string, dirs []string, out, errs io.Writer) int {
	v := d.volumes[pod]
	switch verb {
	case "facts":
		fmt.Fprintf(out, "marker %s\n", v.marker)
		for _, dir := range dirs {
			state := "absent"
			if v.dirs[dir] {
				state = "stopped"
			}
			fmt.Fprintf(out, "instance %s %s\n", dir, state)
		}
		fmt.Fprintln(out, "end")
	case "prepare":
		for _, dir := range dirs {
			if v.dirs[dir] {
				fmt.Fprintf(errs, "%s exists already\n", dir)
				return 1
			}
		}
		v.marker = segments.Initialising
	case "clear":
		if v.marker == segments.Initialised {
			d.violations = append(d.violations, "complete instances in pod "+pod+" were to be cleared")
			return 1
		}
		if v.marker == segments.Initialising {
			if len(d.jobs()) > 0 {
				d.violations = append(d.violations, "pod "+pod+" was cleared under "+d.jobs()[0].argv[0])
			}
			if d.complete && pod != d.standbyPod() {
				d.violations = append(d.violations, "the finished database in pod "+pod+" was cleared")
			}
			for _, dir := range dirs {
				delete(v.dirs, dir)
			}
			if pod == d.topology.Coordinator().Pod {
				d.up = false
			}
		}
	case "finish":
		if !d.complete {
			d.violations = append(d.violations, "pod "+pod+" was marked before the database was complete")
		}
		v.marker = segments.Initialised
	case "stop":
		if pod == d.topology.Coordinator().Pod {
			d.up = false
		}
	}
	return 0
}

func (d *fakeDatabase) standbyPod() string {
	standby, _ := d.topology.Standby()
	return standby.Pod
}

func (d *fakeDatabase) job(pod, verb, name string, argv []string, out, errs io.Writer) int {
	v := d.volumes[pod]
	j := v.jobs[name]
	switch {
	case verb == "state" && j == nil:
		fmt.Fprintln(out, "absent")
	case verb == "state":
		fmt.Fprintln(out, j.state)
	case verb == "start" && j != nil && strings.HasPrefix(j.state, "running"):
		fmt.Fprintln(errs, "it is running already")
		return 3
	case verb == "start":
		v.jobs[name] = &fakeJob{argv, "running 2026-11-22T12:00:00Z"}
		d.begin(v.jobs[name])
	case verb == "follow":
		d.end(j)
	}
	return 0
}

// makes are the directories that a utility makes, by pod.
func (d *fakeDatabase) makes(utility string) map[string][]string {
	made := map[string][]string{}
	for _, i := range d.topology.Instances {
		if standby := i.Pod == d.standbyPod(); standby == (utility == "gpinitstandby") {
			made[i.Pod] = append(made[i.Pod], i.Dir)
		}
	}
	return made
}

func (d *fakeDatabase) begin(j *fakeJob) {
	utility := j.argv[0]
	d.begun[utility]++
	if d.broken == utility {
		j.state = "exited 2"
		return
	}
	if utility != "gpinitsystem" && utility != "gpinitstandby" {
		return
	}
	for pod, dirs := range d.makes(utility) {
		for _, dir := range dirs {
			if d.volumes[pod].dirs[dir] {
				j.state = "exited 1"
				return
			}
		}
	}
	for pod, dirs := range d.makes(utility) {
		for _, dir := range dirs {
			d.volumes[pod].dirs[dir] = true
		}
	}
}

// end is a job that comes to its end, whoever follows it.
func (d *fakeDatabase) end(j *fakeJob) {
	if !strings.HasPrefix(j.state, "running") {
		return
	}
	j.state = "exited 0"
	d.finished[j.argv[0]]++
	switch j.argv[0] {
	case "gpinitsystem":
		d.complete, d.up = true, true
		d.hba[d.topology.Coordinator().Pod+":"+topology.CoordinatorDir] = "local all gpadmin ident\n"
	case "gpinitstandby":
		d.standby = true
		d.hba[d.standbyPod()+":"+topology.CoordinatorDir] = "local all gpadmin ident\n"
	case "gpstart":
		if d.up = d.setup == "" || slices.Contains(j.argv, "-R"); !d.up {
			j.state = "exited 2"
		}
	case "gprecoverseg", "gpexpand":
		// What it was about to start runs, whatever else has happened.
		d.up = true
	case "gpstop":
		d.up = slices.Contains(j.argv, "-r") || slices.Contains(j.argv, "-u")
		if d.up {
			d.stale = ""
		}
	case "gpconfig":
		d.configured = append(d.configured, strings.Join(j.argv[1:3], " "))
		d.stale = segments.NeedsReload
		if delete(d.config, j.argv[2]); j.argv[1] == "-c" {
			d.config[j.argv[2]] = j.argv[4]
		}
	}
}

// jobs are all that run.
func (d *fakeDatabase) jobs() []*fakeJob {
	var running []*fakeJob
	for _, pod := range slices.Sorted(maps.Keys(d.volumes)) {
		for _, j := range d.volumes[pod].jobs {
			if strings.HasPrefix(j.state, "running") {
				running = append(running, j)
			}
		}
	}
	return running
}
