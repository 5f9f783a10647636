package cluster

import (
	"context"
	"crypto/tls"
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
	"gpk/test/bench/internal/servers"
)

// A wait is one respect in which a bench has to answer.
type wait struct {
	title string
	log   string // where to look when it doesn't
	until func(context.Context) error
}

// await waits until the bench answers in every respect that its users rely on.
// started are the machines that this run of up started, at begin.
func (i *Instance) await(ctx context.Context, st *State, started []string, parts Parts, begin time.Time, stage Stage) error {
	waits, err := i.waits(st, started, parts, begin)
	if err != nil {
		return err
	}
	for _, w := range waits {
		if err := waitFor(ctx, stage, w); err != nil {
			return err
		}
	}
	return nil
}

func waitFor(ctx context.Context, stage Stage, w wait) error {
	err := stage(w.title, func() error {
		limited, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		return kube.Poll(limited, w.until)
	})
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted; `make bench-up` goes on, `make bench-down` clears away")
	}
	if err != nil {
		return fmt.Errorf("%s: not within a minute: %w; see %s", w.title, err, w.log)
	}
	return nil
}

func newNodes(started []string) []string {
	return slices.DeleteFunc(slices.Clone(started), func(name string) bool { return !strings.HasPrefix(name, "node") })
}

func (i *Instance) waits(st *State, started []string, parts Parts, begin time.Time) ([]wait, error) {
	newNodes := newNodes(started)
	client, err := kube.Open(i.Kubeconfig())
	if err != nil {
		return nil, err
	}
	objects, err := kube.Objects(st.Network)
	if err != nil {
		return nil, err
	}
	log := func(name, service string) string { return machine.LogFile(i.run(), name, service) }
	waits := []wait{
		{"API server answers", log(servers.Control, "kube-apiserver"), client.Ready},
		{"DNS, storage classes and roles are there", log(servers.Control, "kube-apiserver"), func(ctx context.Context) error {
			return client.Apply(ctx, objects)
		}},
		{"pause image is on the nodes", log("NODE", "containerd"), func(ctx context.Context) error {
			return i.loadInto(ctx, st, newNodes, parts.Pause)
		}},
		{"nodes are ready", log("NODE", "kubelet"), func(ctx context.Context) error {
			if err := client.WaitNodes(ctx, nodeNames(st.Nodes), time.Time{}); err != nil {
				return err
			}
			return client.WaitNodes(ctx, newNodes, begin)
		}},
		{"controllers and scheduler answer", log(servers.Control, "*"), func(ctx context.Context) error {
			return controllersAnswer(ctx, st.Network)
		}},
		{"Services, NetworkPolicies and DNS answer", log("NODE", "*"), func(ctx context.Context) error {
			if err := nodesAnswer(ctx, st, nodeNames(st.Nodes)); err != nil {
				return err
			}
			return resolves(ctx, st.Network)
		}},
	}
	if slices.Contains(started, servers.Simulator) {
		waits = append(waits, wait{"simulator is in charge", log(servers.Simulator, "kwok"), func(ctx context.Context) error {
			return takeOver(ctx, client, st.Machines[servers.Simulator])
		}})
	}
	if st.Simulated > 0 {
		waits = append(waits, wait{
			fmt.Sprintf("%d simulated nodes are ready", st.Simulated), log(servers.Simulator, "kwok"),
			func(ctx context.Context) error {
				return client.Simulate(ctx, st.Simulated, st.Network.Simulator(), servers.KwokPort)
			},
		})
	}
	return waits, nil
}

// takeOver has a simulator that was started anew see to the nodes of the one before
// it: with none of that one's leases, and from its beginning, since it looks at
// what it could not get only now and then.
func takeOver(ctx context.Context, client *kube.Client, simulator machine.Process) error {
	left, err := client.ForgetLeases(ctx)
	if err != nil || left == 0 {
		return err
	}
	return simulator.KillService("kwok", patience)
}

func controllersAnswer(ctx context.Context, l network.Layout) error {
	for _, server := range []struct {
		name string
		port int
	}{{"kube-controller-manager", 10257}, {"kube-scheduler", 10259}} {
		if err := healthy(ctx, fmt.Sprintf("https://%s:%d/healthz", l.Control(), server.port)); err != nil {
			return fmt.Errorf("%s: %w", server.name, err)
		}
	}
	return nil
}

// nodesAnswer asks the nodes' kube-proxies and enforcers of NetworkPolicies
// whether their rules are in place.
func nodesAnswer(ctx context.Context, st *State, names []string) error {
	for _, name := range names {
		for _, server := range []struct {
			name string
			port int
		}{{"kube-proxy", 10256}, {"network-policies", servers.PoliciesPort}} {
			if err := healthy(ctx, fmt.Sprintf("http://%s:%d/healthz", st.address(name), server.port)); err != nil {
				return fmt.Errorf("%s of %s: %w", server.name, name, err)
			}
		}
	}
	return nil
}

func healthy(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		// These servers sign their own certificates; nothing secret is said or believed.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not healthy: %s", response.Status)
	}
	return nil
}

// resolves asks DNS for a name through its Service, as pods do.
func resolves(ctx context.Context, l network.Layout) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
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
