package main

import (
	"os"
	"testing"
	"time"

	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
)

func TestAimed(t *testing.T) {
	t.Setenv("KUBECONFIG", t.TempDir()+"/kubeconfig")
	text := `{apiVersion: v1, kind: Config, current-context: here, clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}],
contexts: [{name: here, context: {cluster: c, user: me, namespace: own}}], users: [{name: me, user: {token: x}}]}`
	if err := os.WriteFile(os.Getenv("KUBECONFIG"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	own, other := plan.Ref{Namespace: "own", Name: "demo"}, plan.Ref{Namespace: "other", Name: "demo"}
	resume := plan.Gpk("expand", "--resume")
	tests := map[string]struct {
		aim     aim
		command plan.Command
		want    string
	}{
		"the context's namespace":     {aim{cluster: own}, resume, "gpk expand --resume"},
		"and -n says so":              {aim{cluster: own, asked: map[string]string{"namespace": "own"}}, resume, "gpk expand --resume"},
		"no cluster yet":              {aim{}, resume, "gpk expand --resume"},
		"another namespace":           {aim{cluster: other}, resume, "gpk expand --resume -n other --cluster demo"},
		"which is standing":           {aim{cluster: other, standing: plan.Ref{Namespace: "other"}}, resume, "gpk expand --resume"},
		"the context's is overridden": {aim{cluster: own, standing: other}, resume, "gpk expand --resume -n own"},
		"one of several":              {aim{cluster: own, several: true}, resume, "gpk expand --resume --cluster demo"},
		"which is standing too":       {aim{cluster: own, several: true, standing: plan.Ref{Name: "demo"}}, resume, "gpk expand --resume"},
		"another one is standing":     {aim{cluster: own, standing: plan.Ref{Name: "x"}}, resume, "gpk expand --resume --cluster demo"},
		"named by the command line":   {aim{cluster: own, asked: map[string]string{"cluster": "demo"}}, resume, "gpk expand --resume --cluster demo"},
		"another Kubernetes": {aim{cluster: own, asked: map[string]string{"kubeconfig": "a b", "context": "here"}}, resume,
			"gpk expand --resume --kubeconfig 'a b' --context here"},
		"a file names its cluster": {aim{cluster: other}, plan.Gpk("create", "-f", "a b.yaml", "--update"), "gpk create -f 'a b.yaml' --update -n other"},
		"with values": {aim{cluster: other}, plan.Gpk("upgrade", "--version", "7.2.0", "--image", "x/y:z@sha256:1"),
			"gpk upgrade --version 7.2.0 --image x/y:z@sha256:1 -n other --cluster demo"},
		"an argument":        {aim{cluster: other}, plan.Gpk("config", "set", "a=b c"), "gpk config set 'a=b c' -n other --cluster demo"},
		"what is psql's own": {aim{cluster: other}, plan.Gpk("psql", "--", "-c", "x"), "gpk psql -n other --cluster demo -- -c x"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newApp(streams{})
			test.aim.here = a.contextNamespace
			*a.aim = test.aim
			before := test.command.String()
			if got := a.aimed(test.command); got != test.want {
				t.Errorf("%s\nwanted: %s", got, test.want)
			}
			if test.command.String() != before {
				t.Errorf("%s has become %s", before, test.command)
			}
		})
	}
}

// Commands that are told for a cluster of another namespace than the context's lead there, where the context's own has
// exactly one cluster too.
func TestToldCommandsNameTheirCluster(t *testing.T) {
	c := clusterOf(t, "7.1.0", "x/greenplum")
	larger := clusterOf(t, "7.1.0", "x/greenplum")
	larger.Spec.Segments.Count = 8
	file := written(t, larger)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begun := &record.Unfinished{Operation: "expand", Since: time.Now(), Resume: "gpk expand --resume", Undo: "gpk expand --rollback", To: string(text)}

	s := &shelf{}
	gpk := s.serve(t, "own")
	s.record(t, c, begun)
	s.put(analytics+"services/demo-coordinator", map[string]any{"apiVersion": "v1", "kind": "Service", "spec": map[string]any{"selector": map[string]any{"a": "b"}}})
	for _, command := range [][]string{{"diff", "-f", file}, {"diff", "-f", file, "-o", "json"}} {
		gpk(command...).wants(t, 3, "gpk expand --segments 8 -n analytics --cluster demo", "gpk create -f "+file+" -n analytics")
	}
	gpk("create", "-f", file).wants(t, 1, "next: finish it with `gpk expand --resume -n analytics --cluster demo`, or undo it with `gpk expand --rollback -n analytics --cluster demo`")
	gpk("restart", "-n", "analytics", "--dry-run").wants(t, 3)
	gpk("config", "set", "work_mem=1MB", "-n", "analytics").wants(t, 1, "`gpk expand --resume -n analytics --cluster demo`")
	s.record(t, c, nil)
	gpk("create", "-f", file).wants(t, 2, "gpk expand --segments 8 -n analytics --cluster demo\n")

	// In the context's own namespace nothing is added, until there is another cluster.
	gpk = s.serve(t, "analytics")
	s.record(t, c, nil)
	s.put(analytics+"services/demo-coordinator", map[string]any{"apiVersion": "v1", "kind": "Service", "spec": map[string]any{"selector": map[string]any{"a": "b"}}})
	gpk("diff", "-f", file).wants(t, 3, "gpk expand --segments 8\n")
	other := clusterOf(t, "7.1.0", "x/greenplum")
	other.Metadata.Name = "other"
	s.record(t, other, nil)
	gpk("diff", "-f", file).wants(t, 3, "gpk expand --segments 8 --cluster demo\n")
	gpk("create", "-f", file).wants(t, 2, "gpk expand --segments 8 --cluster demo\n")
	gpk("diff", "-f", file, "--cluster", "other").wants(t, 2, `names the cluster "demo", and the command line "other"`)
}
