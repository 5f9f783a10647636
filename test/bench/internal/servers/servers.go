// Package servers knows the programs of the bench: which run on which machine,
// with what command line, configuration and certificate. It renders; it starts
// nothing.
package servers

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"gpk/test/bench/internal/machine"
	"gpk/test/bench/internal/network"
	"gpk/test/bench/internal/pki"
)

// Control is the name of the machine that the control plane runs on.
const Control = "control"

// Node is the name of node n, counted from 1, as a machine and in Kubernetes.
func Node(n int) string { return fmt.Sprintf("node%d", n) }

// Simulator is the name of the machine that plays simulated nodes.
const Simulator = "simulator"

// Setup is what all renderings depend on.
type Setup struct {
	Run        string // the instance's folder of running state, on the host
	CgroupRoot string // of the instance, as the kubelet wants it
	Network    network.Layout
	Simulated  bool // whether there are simulated nodes
}

// object is a piece of a configuration file: JSON, and so YAML too.
type object = map[string]any

// program is one server as this package declares it: a command line, and the
// files and certificates that it needs.
type program struct {
	service machine.Service
	files   []file
	pairs   []pki.Pair
	clients []client
}

// file is a configuration file below the machine's folder etc.
type file struct {
	name    string
	content []byte
}

// client is a kubeconfig in the machine's folder etc, for a pair of certificates.
type client struct {
	name string
	pair pki.Pair
}

// controlWeight gives the control plane as much of the processors as three nodes
// have together where all of them want it: elsewhere it has machines of its own.
// Where busy pods keep the API server waiting, a kubelet asks for the volumes of a
// pod before the node authorizer has heard that it runs there, is refused them, and
// tries again ten seconds later. Much more would keep the pods waiting.
const controlWeight = 3

// ControlMachine renders the control plane and writes what it reads.
func ControlMachine(s Setup, ca *pki.Authority) (machine.Spec, error) {
	programs := []program{
		etcd(), s.apiServer(), s.controllerManager(), scheduler(), coreDNS(), provisioner(),
	}
	if err := ca.EnsureKey("service-account"); err != nil {
		return machine.Spec{}, err
	}
	return s.render(ca, machine.Spec{Name: Control, Weight: controlWeight}, programs)
}

// NodeMachine renders node n and writes what it reads.
func NodeMachine(s Setup, ca *pki.Authority, n int) (machine.Spec, error) {
	spec := machine.Spec{
		Name:      Node(n),
		Sysctls:   map[string]string{"net/ipv4/ip_forward": "1"},
		Pretended: kubeletSysctls(),
	}
	return s.render(ca, spec, []program{s.containerd(n), s.kubelet(n), s.proxy(n), s.networkPolicies(n)})
}

// SimulatorMachine renders what plays simulated nodes and writes what it reads.
func SimulatorMachine(s Setup, ca *pki.Authority) (machine.Spec, error) {
	return s.render(ca, machine.Spec{Name: Simulator}, []program{s.kwok()})
}

func (s Setup) render(ca *pki.Authority, spec machine.Spec, programs []program) (machine.Spec, error) {
	spec.Run = s.Run
	etc := filepath.Join(machine.Dir(s.Run, spec.Name), "etc")
	for _, p := range programs {
		for _, f := range p.files {
			if err := writeFile(filepath.Join(etc, f.name), f.content, 0o644); err != nil {
				return spec, err
			}
		}
		for _, pair := range p.pairs {
			if err := ca.Ensure(pair); err != nil {
				return spec, err
			}
		}
		for _, c := range p.clients {
			if err := ca.Ensure(c.pair); err != nil {
				return spec, err
			}
			config := kubeconfig(s.APIServer(), pkiFile("ca.crt"), pkiFile(c.pair.Name+".crt"), pkiFile(c.pair.Name+".key"))
			if err := writeFile(filepath.Join(etc, c.name), config, 0o600); err != nil {
				return spec, err
			}
		}
		spec.Services = append(spec.Services, p.service)
	}
	return spec, nil
}

// Binary is the servers' multi-call binary below the run folder.
const Binary = "bin/kube"

// multicall is a service out of the servers' one binary, which goes by the
// name it is called by.
func multicall(name string, args ...string) machine.Service {
	return machine.Service{Name: name, Path: filepath.Join(machine.RunDir, Binary), Args: args}
}

// APIServer is the address that everyone, pods and the host too, finds the API server at.
func (s Setup) APIServer() string { return fmt.Sprintf("https://%s:6443", s.Network.Control()) }

// etcFile and pkiFile name files as the machine sees them.
func etcFile(name string) string { return filepath.Join(machine.OwnDir, "etc", name) }
func pkiFile(name string) string { return filepath.Join(machine.RunDir, "pki", name) }

// PKIDir is where the certificates are, on the host.
func PKIDir(run string) string { return filepath.Join(run, "pki") }

func toJSON(v any) []byte {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err) // only maps, slices and strings are ever given
	}
	return append(data, '\n')
}

func toIP(a netip.Addr) net.IP { return net.IP(a.AsSlice()) }

func writeFile(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.WriteFile(path, content, mode); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
