package servers

import (
	"fmt"
	"net"

	"gpk/test/bench/internal/pki"
)

// kubeletSysctls are what a kubelet sets in the kernel of its machine
// (k8s.io/kubernetes/pkg/util/sysctl). The host's stay as they are: the kubelet
// reads these and finds nothing to do.
func kubeletSysctls() map[string]string {
	return map[string]string{
		"vm/overcommit_memory":      "1",
		"vm/panic_on_oom":           "0",
		"kernel/panic":              "10",
		"kernel/panic_on_oops":      "1",
		"kernel/keys/root_maxkeys":  "1000000",
		"kernel/keys/root_maxbytes": "25000000",
	}
}

func (s Setup) kubelet(n int) program {
	name := Node(n)
	pair := pki.Pair{
		Name: name, User: "system:node:" + name, Groups: []string{"system:nodes"},
		DNS: []string{name}, IPs: []net.IP{toIP(s.Network.Node(n))},
	}
	return program{
		clients: []client{{"kubelet.kubeconfig", pair}},
		files: []file{
			{"kubelet.json", toJSON(s.kubeletConfig(n))},
			{"resolv.conf", []byte("# The cluster's DNS is all there is.\n")},
		},
		service: multicall("kubelet",
			"--config="+etcFile("kubelet.json"),
			"--kubeconfig="+etcFile("kubelet.kubeconfig"),
			"--hostname-override="+name,
			"--node-ip="+s.Network.Node(n).String(),
			fmt.Sprintf("--node-labels=topology.kubernetes.io/zone=z%d", n),
		),
	}
}

func (s Setup) kubeletConfig(n int) object {
	return object{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"containerRuntimeEndpoint": "unix://" + ContainerdSocket,
		"cgroupDriver":             "cgroupfs",
		"cgroupRoot":               s.CgroupRoot + "/" + Node(n),
		"failCgroupV1":             false,
		"failSwapOn":               false,
		"authentication": object{
			"anonymous": object{"enabled": false},
			"webhook":   object{"enabled": true},
			"x509":      object{"clientCAFile": pkiFile("ca.crt")},
		},
		"authorization":     object{"mode": "Webhook"},
		"tlsCertFile":       pkiFile(Node(n) + ".crt"),
		"tlsPrivateKeyFile": pkiFile(Node(n) + ".key"),
		"clusterDNS":        []string{s.Network.DNSService().String()},
		"clusterDomain":     "cluster.local",
		"resolvConf":        etcFile("resolv.conf"),
		"volumePluginDir":   "/var/lib/kubelet/plugins-exec",
		"maxPods":           200,
		// One machine's disk is every node's, and an image that was loaded can't be
		// pulled again: only a disk that is all but full is a reason to act.
		"imageGCHighThresholdPercent": 100,
		"evictionHard": object{
			"memory.available": "100Mi", "nodefs.available": "1%", "nodefs.inodesFree": "1%",
			"imagefs.available": "1%", "imagefs.inodesFree": "1%",
		},
		// As by default: a pod sees a ConfigMap's change this late, and has to be right meanwhile.
		"syncFrequency": "1m",
		// Tests wait for what a kubelet notices.
		"nodeStatusUpdateFrequency": "4s",
		"nodeLeaseDurationSeconds":  10,
		"serializeImagePulls":       false,
		"kubeAPIQPS":                500,
		"kubeAPIBurst":              1000,
		"eventRecordQPS":            100,
		"eventBurst":                200,
		"shutdownGracePeriod":       "0s",
	}
}
