package servers

import (
	_ "embed"

	"gpk/test/bench/internal/machine"
)

//go:embed containerd.toml
var containerdConfig []byte

// ContainerdSocket is containerd's, as its node sees it.
const ContainerdSocket = "/run/containerd/containerd.sock"

func (s Setup) containerd(n int) program {
	return program{
		files: []file{
			{"containerd.toml", containerdConfig},
			{"cni/10-bench.conflist", toJSON(s.cni(n))},
		},
		service: machine.Service{
			Name: "containerd", Path: "/usr/bin/containerd",
			Args: []string{"--config", etcFile("containerd.toml")},
		},
	}
}

// cni routes every pod by itself (ptp) rather than over a bridge: packets
// between two pods of one node then pass the node's Service rules in both
// directions, which on a bridge they do only with a kernel module that reaches
// into the host.
func (s Setup) cni(n int) object {
	return object{
		"cniVersion": "1.0.0", "name": "bench",
		"plugins": []object{
			{
				"type": "ptp", "ipMasq": false,
				"ipam": object{
					"type":    "host-local",
					"dataDir": "/run/cni-addresses", // forgotten with the machine, as its pods are
					"ranges":  [][]object{{{"subnet": s.Network.NodePods(n).String()}}},
					"routes":  []object{{"dst": "0.0.0.0/0"}},
				},
			},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}
}
