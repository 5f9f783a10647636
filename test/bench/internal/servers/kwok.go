package servers

import (
	_ "embed"
	"fmt"
	"net"
	"path/filepath"

	"gpk/test/bench/internal/machine"
	"gpk/test/bench/internal/pki"
)

//go:embed kwok.yaml
var kwokConfig []byte

// KwokBinary is the simulator's binary below the run folder, KwokPort where it
// answers as the kubelet of every simulated node.
const (
	KwokBinary = "bin/kwok"
	KwokPort   = 10247
)

// SimulatedLabel is on every simulated node, as a label and as a taint.
const SimulatedLabel = "bench.gpk.local/simulated"

func (s Setup) kwok() program {
	// It is any number of nodes' kubelet: no role says that.
	pair := pki.Pair{
		Name: "kwok", User: "gpk-bench:kwok", Groups: []string{"system:masters"},
		IPs: []net.IP{toIP(s.Network.Simulator())},
	}
	return program{
		clients: []client{{"kwok.kubeconfig", pair}},
		files:   []file{{"kwok.yaml", kwokConfig}},
		service: machine.Service{Name: "kwok", Path: filepath.Join(machine.RunDir, KwokBinary), Args: []string{
			"--config=" + etcFile("kwok.yaml"),
			"--kubeconfig=" + etcFile("kwok.kubeconfig"),
			"--manage-all-nodes=false",
			"--manage-nodes-with-label-selector=" + SimulatedLabel + "=true",
			"--cidr=" + s.Network.SimulatedPods().String(),
			"--node-ip=" + s.Network.Simulator().String(),
			fmt.Sprintf("--node-port=%d", KwokPort),
			fmt.Sprintf("--server-address=%s:%d", s.Network.Simulator(), KwokPort),
			"--tls-cert-file=" + pkiFile("kwok.crt"), "--tls-private-key-file=" + pkiFile("kwok.key"),
			// A lease is renewed after a quarter of it: see monitorGracePeriod.
			"--node-lease-duration-seconds=100",
		}},
	}
}
