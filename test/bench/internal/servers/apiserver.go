package servers

import (
	"net"

	"gpk/test/bench/internal/pki"
)

func (s Setup) apiServer() program {
	serving := pki.Pair{
		Name: "apiserver", User: "kube-apiserver",
		DNS: []string{
			"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
			"kubernetes.default.svc.cluster.local",
		},
		IPs: []net.IP{net.IPv4(127, 0, 0, 1), toIP(s.Network.Control()), toIP(s.Network.APIService())},
	}
	toKubelets := pki.Pair{Name: "apiserver-kubelet", User: "kube-apiserver-kubelet", Groups: []string{"system:masters"}}
	return program{
		pairs: []pki.Pair{serving, toKubelets},
		service: multicall("kube-apiserver",
			"--etcd-servers="+etcdURL,
			"--advertise-address="+s.Network.Control().String(),
			"--secure-port=6443",
			"--service-cluster-ip-range="+s.Network.Services().String(),
			"--tls-cert-file="+pkiFile("apiserver.crt"), "--tls-private-key-file="+pkiFile("apiserver.key"),
			"--client-ca-file="+pkiFile("ca.crt"),
			"--kubelet-certificate-authority="+pkiFile("ca.crt"),
			"--kubelet-client-certificate="+pkiFile("apiserver-kubelet.crt"),
			"--kubelet-client-key="+pkiFile("apiserver-kubelet.key"),
			"--kubelet-preferred-address-types=InternalIP",
			"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
			"--service-account-key-file="+pkiFile("service-account.pub"),
			"--service-account-signing-key-file="+pkiFile("service-account.key"),
			"--authorization-mode=Node,RBAC",
			"--enable-admission-plugins=NodeRestriction", // beside the default ones; PodSecurity is one
			"--allow-privileged=true",
			// How long pods that don't say so themselves outlive their lost node: longer
			// than a kubelet takes to come back after an API server that was away.
			"--default-not-ready-toleration-seconds=10", "--default-unreachable-toleration-seconds=10",
		),
	}
}
