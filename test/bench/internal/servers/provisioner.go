package servers

import (
	"path/filepath"

	"gpk/test/bench/internal/machine"
	"gpk/test/bench/internal/pki"
)

// ProvisionerUser is whom the provisioner is to the API server, Provisioner
// how storage classes name it.
const (
	ProvisionerUser = "gpk-bench:local-provisioner"
	Provisioner     = "bench.gpk.local/local"
)

// VolumesDir is where a node keeps its volumes, as the node sees it; RemoteDir
// where every node sees those that it shares with all others.
const (
	VolumesDir = "/var/lib/volumes"
	RemoteDir  = machine.RunDir + "/volumes"
)

func provisioner() program {
	return program{
		clients: []client{{"provisioner.kubeconfig", pki.Pair{Name: "provisioner", User: ProvisionerUser}}},
		service: multicall("local-provisioner",
			"-kubeconfig="+etcFile("provisioner.kubeconfig"),
			"-name="+Provisioner,
			// The control plane sees each node's /var/lib in the node's folder.
			"-machines="+filepath.Join(machine.RunDir, "machines"),
			"-volumes="+VolumesDir,
			"-remote="+RemoteDir,
		),
	}
}
