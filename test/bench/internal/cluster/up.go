package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"gpk/test/bench/internal/kube"
	"gpk/test/bench/internal/machine"
	"gpk/test/bench/internal/network"
	"gpk/test/bench/internal/pki"
	"gpk/test/bench/internal/servers"
)

// Parts is what was built or found for an instance to run.
type Parts struct {
	Servers string // the multi-call binary
	Pause   string // the tarball of the pause image
}

// DefaultNodes is how many nodes a new bench has when nobody says.
const DefaultNodes = 2

// Up makes the bench whole: what runs is left alone, what doesn't is started.
// nodes is 0 for as many as there are.
func (i *Instance) Up(ctx context.Context, nodes int, parts Parts, stage Stage) error {
	unlock, err := i.lock()
	if err != nil {
		return err
	}
	defer unlock()
	st, err := i.plan(ctx, nodes)
	if err != nil {
		return err
	}
	begin := time.Now()
	var started []string
	if err := stage("start machines", func() error {
		started, err = i.start(ctx, st, parts)
		return err
	}); err != nil {
		return err
	}
	return i.await(ctx, st, started, parts, begin, stage)
}

// plan reads the state, or begins one, and settles how many nodes there are to be.
func (i *Instance) plan(ctx context.Context, nodes int) (*State, error) {
	if nodes < 0 || nodes > network.MaxNodes {
		return nil, fmt.Errorf("a bench has 1 to %d nodes, not %d", network.MaxNodes, nodes)
	}
	st, err := readState(i.stateFile())
	if errors.Is(err, errNoState) {
		st, err = i.begin(ctx)
	}
	if err != nil {
		return nil, err
	}
	if nodes == 0 {
		nodes = max(st.Nodes, DefaultNodes)
	}
	if nodes < st.Nodes {
		return nil, fmt.Errorf("the bench has %d nodes; `make bench-down` first for one with %d", st.Nodes, nodes)
	}
	st.Nodes = nodes
	return st, st.write(i.stateFile())
}

func (i *Instance) begin(ctx context.Context) (*State, error) {
	// Of an instance whose state someone deleted, nothing may be left that a new one would stumble over.
	if err := i.clear(ctx); err != nil {
		return nil, err
	}
	taken, err := network.Taken(ctx)
	if err != nil {
		return nil, err
	}
	layout, err := network.Choose(taken, i.seed())
	if err != nil {
		return nil, err
	}
	return &State{Network: layout, Machines: map[string]machine.Process{}}, nil
}

func (i *Instance) start(ctx context.Context, st *State, parts Parts) ([]string, error) {
	if err := i.placeBinary(parts.Servers); err != nil {
		return nil, err
	}
	ca, err := pki.Open(servers.PKIDir(i.run()))
	if err != nil {
		return nil, err
	}
	if err := servers.AdminKubeconfig(i.setup(st), ca, i.Kubeconfig()); err != nil {
		return nil, err
	}
	return i.startMachines(ctx, st, ca)
}

// await waits until the bench answers in every respect that users rely on.
func (i *Instance) await(ctx context.Context, st *State, started []string, parts Parts, begin time.Time, stage Stage) error {
	client, err := kube.Open(i.Kubeconfig())
	if err != nil {
		return err
	}
	objects, err := kube.Objects(st.Network)
	if err != nil {
		return err
	}
	newNodes := slices.DeleteFunc(slices.Clone(started), func(name string) bool { return !strings.HasPrefix(name, "node") })
	waits := []struct {
		title string
		logs  string // where to look when it doesn't come
		until func(context.Context) error
	}{
		{"API server answers", i.log(servers.Control, "kube-apiserver"), client.Ready},
		{"DNS, storage class and roles are there", i.log(servers.Control, "kube-apiserver"), func(ctx context.Context) error {
			return client.Apply(ctx, objects)
		}},
		{"pause image is on the nodes", i.log("NODE", "containerd"), func(ctx context.Context) error {
			return i.loadInto(ctx, st, newNodes, parts.Pause)
		}},
		{"nodes are ready", i.log("NODE", "kubelet"), func(ctx context.Context) error {
			if err := client.WaitNodes(ctx, nodeNames(st.Nodes), time.Time{}); err != nil {
				return err
			}
			return client.WaitNodes(ctx, newNodes, begin)
		}},
		{"Services and DNS answer", i.log(servers.Control, "coredns"), func(ctx context.Context) error {
			return answers(ctx, st)
		}},
	}
	for _, w := range waits {
		err := stage(w.title, func() error {
			limited, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			return kube.Poll(limited, w.until)
		})
		if err != nil {
			return fmt.Errorf("%s: not within a minute: %w; see %s", w.title, err, w.logs)
		}
	}
	return nil
}

func (i *Instance) log(name, service string) string { return machine.LogFile(i.run(), name, service) }

// answers asks each node's kube-proxy for its health and, through a Service,
// DNS for a name.
func answers(ctx context.Context, st *State) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for n := 1; n <= st.Nodes; n++ {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s:10256/healthz", st.Network.Node(n)), nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return fmt.Errorf("kube-proxy of %s: %w", servers.Node(n), err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("kube-proxy of %s is not healthy: %s", servers.Node(n), response.Status)
		}
	}
	return resolves(ctx, st.Network)
}

func resolves(ctx context.Context, l network.Layout) error {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, proto, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, proto, net.JoinHostPort(l.DNSService().String(), "53"))
	}}
	found, err := resolver.LookupHost(ctx, "kubernetes.default.svc.cluster.local.")
	if err != nil {
		return fmt.Errorf("ask DNS: %w", err)
	}
	if !slices.Contains(found, l.APIService().String()) {
		return fmt.Errorf("ask DNS: the API server is said to be at %v, not %s", found, l.APIService())
	}
	return nil
}
