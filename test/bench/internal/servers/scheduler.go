package servers

import "gpk/test/bench/internal/pki"

func scheduler() program {
	return program{
		clients: []client{{"scheduler.kubeconfig", pki.Pair{Name: "scheduler", User: "system:kube-scheduler"}}},
		files: []file{{"scheduler.json", toJSON(object{
			"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration",
			"leaderElection": object{"leaderElect": false},
			"clientConnection": object{
				"kubeconfig": etcFile("scheduler.kubeconfig"), "qps": 1000, "burst": 2000,
			},
			"podMaxBackoffSeconds": 2,
		})}},
		service: multicall("kube-scheduler", "--config="+etcFile("scheduler.json")),
	}
}
