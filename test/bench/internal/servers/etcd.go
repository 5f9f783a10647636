package servers

// etcd listens inside the control plane's machine only, so it needs neither
// certificates nor a port that is free on the host.
const etcdURL = "http://127.0.0.1:2379"

func etcd() program {
	const peerURL = "http://127.0.0.1:2380"
	return program{service: multicall("etcd",
		"--data-dir=/var/lib/etcd",
		"--listen-client-urls="+etcdURL, "--advertise-client-urls="+etcdURL,
		"--listen-peer-urls="+peerURL, "--initial-advertise-peer-urls="+peerURL,
		"--initial-cluster=default="+peerURL,
		"--unsafe-no-fsync", // a bench outlives no power cut
		"--log-level=warn",
	)}
}
