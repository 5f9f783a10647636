package topology_test

import (
	"fmt"
	"strings"
)

func podRules() []rule {
	long := func(n int) string { return strings.Repeat("a", n) }
	resources := func(why, inside, outside, fault string) rule {
		field := func(of string) string { return "spec/segments/resources: {" + of + "}" }
		return rule{"resources: " + why, "", field(inside), field(outside), "spec.segments.resources." + fault}
	}
	toleration := func(why, inside, outside, fault string) rule {
		field := func(of string) string { return "spec/coordinator/tolerations: [{" + of + "}]" }
		return rule{"tolerations: " + why, "", field(inside), field(outside), "spec.coordinator.tolerations[0]." + fault}
	}
	return []rule{
		resources("the least memory", "limits: {memory: 128Mi}", "limits: {memory: 131071Ki}", `limits[memory]: "131071Ki" is not allowed: give at least 128Mi`),
		resources("a request is memory too", "requests: {memory: 128Mi}", "requests: {memory: 127Mi}", `requests[memory]: "127Mi" is not allowed: give at least 128Mi`),
		{"resources: the least memory of each instance", "spec/segments/perPod: 3", "spec/segments/resources: {limits: {memory: 384Mi}}",
			"spec/segments/resources: {limits: {memory: 383Mi}}", `spec.segments.resources.limits[memory]: "383Mi" is not allowed: give at least 384Mi, which is 128Mi for each`},
		{"resources: a coordinator's pod has one instance", "spec/segments/perPod: 3", "spec/coordinator/resources: {limits: {memory: 128Mi}}",
			"spec/coordinator/resources: {limits: {memory: 127Mi}}", `spec.coordinator.resources.limits[memory]: "127Mi" is not allowed: give at least 128Mi, which`},
		resources("some of everything", "limits: {cpu: 1m}", "limits: {cpu: 0}", `limits[cpu]: "0" is not allowed: give more than 0`),
		resources("as much as the limit", "requests: {cpu: 1000m}, limits: {cpu: 1}", "requests: {cpu: 1001m}, limits: {cpu: 1}", `requests[cpu]: "1001m" is not allowed: give at most the limit, 1`),
		resources("devices are whole", "limits: {a.b/c: 1000m}", "limits: {a.b/c: 1500m}", `limits[a.b/c]: "1500m" is not allowed: give a whole number`),
		resources("devices are not lent", "requests: {a.b/c: 2}, limits: {a.b/c: 2}", "requests: {a.b/c: 1}, limits: {a.b/c: 2}", `requests[a.b/c]: "1" is not allowed: give just the limit, 2`),
		resources("huge pages have a limit", "requests: {hugepages-2Mi: 2Mi}, limits: {hugepages-2Mi: 2Mi}", "requests: {hugepages-2Mi: 2Mi}",
			`requests[hugepages-2Mi]: "2Mi" is not allowed: give it under limits`),
		resources("Kubernetes' own names", "limits: {ephemeral-storage: 1Gi}", "limits: {storage: 1Gi}", "limits[storage]: unknown resource: "),
		{"storage: the least", "", "spec/segments/storage: {size: 100Mi}", "spec/segments/storage: {size: 99Mi}", `spec.segments.storage.size: "99Mi" is not allowed: give at least 100Mi`},
		{"storage: the least of each instance", "spec/segments/perPod: 2", "spec/segments/storage: {size: 200Mi}", "spec/segments/storage: {size: 199Mi}",
			`spec.segments.storage.size: "199Mi" is not allowed: give at least 200Mi`},
		{"storage: no class is a class", "", "spec/segments/storage: {className: ''}", "spec/segments/storage: {className: ' '}", "spec.segments.storage.className: "},
		{"pods: the other copy's node", "", "spec/segments/antiAffinity: none", "spec/segments/antiAffinity: None", `spec.segments.antiAffinity: "None" is not allowed: give required, preferred or none`},
		{"pods: what counts as a node", "", "spec/segments/topologyKey: a.b/zone", "spec/segments/topologyKey: a b", `spec.segments.topologyKey: "a b" is not allowed`},
		{"pods: the longest value of a label", "", "spec/segments/nodeSelector: {a: " + long(63) + "}", "spec/segments/nodeSelector: {a: " + long(64) + "}", "spec.segments.nodeSelector[a]: "},
		{"pods: the longest name of a label", "", "spec/segments/nodeSelector/" + long(63) + ": a", "spec/segments/nodeSelector/" + long(64) + ": a", "spec.segments.nodeSelector[" + long(64) + "]: "},
		{"pods: a priority class", "", "spec/coordinator/priorityClassName: high", "spec/coordinator/priorityClassName: High", "spec.coordinator.priorityClassName: "},
		{"pods: a scheduler", "", "spec/coordinator/schedulerName: own", "spec/coordinator/schedulerName: own_", "spec.coordinator.schedulerName: "},
		toleration("every taint", "operator: Exists", "operator: Equal", "key: missing: give the taint's key"),
		toleration("a taint by its key", "key: a", "value: a", "key: missing: give the taint's key"),
		toleration("Exists has no value", "key: a, operator: Exists", "key: a, operator: Exists, value: b", `value: "b" is not allowed: operator Exists takes no value`),
		toleration("an operator", "key: a, operator: Equal, value: b", "key: a, operator: '=', value: b", `operator: "=" is not allowed: give Equal, Exists`),
		toleration("an effect", "key: a, effect: NoSchedule", "key: a, effect: noSchedule", `effect: "noSchedule" is not allowed: give NoSchedule, PreferNoSchedule or NoExecute`),
		toleration("a while on the node", "key: a, effect: NoExecute, tolerationSeconds: 1", "key: a, effect: NoSchedule, tolerationSeconds: 1", "tolerationSeconds: 1 is not allowed"),
		toleration("a key is a label's", "key: a/b", "key: a/b/c", `key: "a/b/c" is not allowed`),
	}
}

func templateRules() []rule {
	const template = "spec.podTemplate.spec."
	in := func(where, why, inside, outside, fault string) rule {
		wrap := func(of string) string { return "spec/podTemplate: " + fmt.Sprintf(where, of) }
		return rule{"podTemplate: " + why, "", wrap(inside), wrap(outside), fault}
	}
	spec := func(why, inside, outside, fault string) rule {
		return in("{spec: {%s}}", why, inside, outside, template+fault)
	}
	pod := func(why, inside, outside, fault string) rule {
		return in("{spec: {securityContext: {%s}}}", why, inside, outside, template+"securityContext."+fault)
	}
	database := func(why, inside, outside, fault string) rule {
		return in("{spec: {containers: [{name: greenplum, %s}]}}", why, inside, outside, template+"containers[0]."+fault)
	}
	sidecar := func(why, inside, outside, fault string) rule {
		return in("{spec: {containers: [{name: backup, %s}]}}", why, inside, outside, template+"containers[0]."+fault)
	}
	init := func(why, inside, outside, fault string) rule {
		return in("{spec: {initContainers: [{name: prepare, %s}]}}", why, inside, outside, template+"initContainers[0]."+fault)
	}
	const notHere = ": not allowed here: "
	return []rule{
		in("{metadata: {labels: {%s: x}}}", "gpk finds pods by its labels", "app.kubernetes.io/part-of", "app.kubernetes.io/instance",
			"spec.podTemplate.metadata.labels[app.kubernetes.io/instance]"+notHere),
		in("{metadata: {%s}}", "a StatefulSet names pods", "labels: {a: b}", "name: a", "spec.podTemplate.metadata.name"+notHere),
		in("{metadata: {%s}}", "the namespace is the cluster's", "annotations: {a: b}", "namespace: a", "spec.podTemplate.metadata.namespace"+notHere),
		in("{metadata: {annotations: {%s: unconfined}}}", "AppArmor by annotations", "container.apparmor/greenplum", "container.apparmor.security.beta.kubernetes.io/a",
			"spec.podTemplate.metadata.annotations[container.apparmor.security.beta.kubernetes.io/a]"+notHere),
		spec("pods restart", "restartPolicy: Always", "restartPolicy: OnFailure", "restartPolicy"+notHere),
		spec("pods have networks of their own", "hostNetwork: false", "hostNetwork: true", "hostNetwork"+notHere),
		spec("pods have processes of their own", "hostPID: false", "hostPID: true", "hostPID"+notHere),
		spec("pods have memory of their own", "hostIPC: false", "hostIPC: true", "hostIPC"+notHere),
		spec("pods have their hosts' names", "terminationGracePeriodSeconds: 1", "subdomain: a", "subdomain"+notHere),
		spec("pods name themselves by their host's", "hostUsers: false", "setHostnameAsFQDN: true", "setHostnameAsFQDN"+notHere),
		spec("pods get no token", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "automountServiceAccountToken"+notHere),
		spec("pods ask the cluster's DNS", "dnsPolicy: ClusterFirst", "dnsPolicy: Default", "dnsPolicy"+notHere),
		spec("gpexpand finds hosts by gpk's domains", "dnsConfig: {nameservers: [10.0.0.1]}", "dnsConfig: {searches: [a.b]}", "dnsConfig.searches"+notHere),
		spec("copies are kept apart by antiAffinity", "affinity: {nodeAffinity: {}}", "affinity: {podAntiAffinity: {}}", "affinity.podAntiAffinity"+notHere),
		spec("nodes are chosen by role", "nodeSelector: {}", "nodeSelector: {a: b}", "nodeSelector"+notHere),
		spec("processes are the container's", "overhead: {cpu: 1}", "shareProcessNamespace: true", "shareProcessNamespace"+notHere),
		spec("a database has no deadline", "runtimeClassName: a", "activeDeadlineSeconds: 1", "activeDeadlineSeconds"+notHere),
		spec("volumes have other names", "volumes: [{name: datas, emptyDir: {}}]", "volumes: [{name: data, emptyDir: {}}]", `volumes[0].name: "data" is not allowed: gpk's own volumes`),
		spec("volumes hold nothing of the node", "volumes: [{name: a, csi: {driver: d}}]", "volumes: [{name: a, hostPath: {path: /}}]", "volumes[0].hostPath"+notHere),
		pod("the volume's group", "fsGroup: 1000", "fsGroup: 1001", "fsGroup"+notHere+"give spec.user.gid"),
		pod("the database's user", "runAsUser: 1000", "runAsUser: 0", "runAsUser"+notHere+"give spec.user"),
		pod("the database's group", "runAsGroup: 1000", "runAsGroup: 100", "runAsGroup"+notHere),
		pod("not root", "runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot"+notHere),
		pod("gpk's own sysctls", "sysctls: []", "sysctls: [{name: a, value: b}]", "sysctls"+notHere),
		pod("calls of the kernel", "seccompProfile: {type: RuntimeDefault}", "seccompProfile: {type: Unconfined}", "seccompProfile"+notHere),
		pod("AppArmor", "appArmorProfile: {type: RuntimeDefault}", "appArmorProfile: {type: Unconfined}", "appArmorProfile"+notHere),
		pod("SELinux", "seLinuxOptions: {type: container_init_t, level: s0}", "seLinuxOptions: {type: container_t, user: u}", "seLinuxOptions.user"+notHere),
		database("gpk's directories", "volumeMounts: [{name: a, mountPath: /greenplums}]", "volumeMounts: [{name: a, mountPath: /greenplum/}]",
			`volumeMounts[0].mountPath: "/greenplum/" is not allowed: it would hide one of`),
		database("what holds gpk's directories", "volumeMounts: [{name: a, mountPath: /dev/sh}]", "volumeMounts: [{name: a, mountPath: /dev/../dev}]",
			`volumeMounts[0].mountPath: "/dev/../dev" is not allowed`),
		database("gpk's variables", "env: [{name: GPKX, value: a}]", "env: [{name: GPK_X, value: a}]", `env[0].name: "GPK_X" is not allowed`),
		database("Greenplum's variables", "env: [{name: PGTZ, value: a}]", "env: [{name: PGDATA, value: a}]", `env[0].name: "PGDATA" is not allowed`),
		database("the image is the cluster's", "tty: true", "image: a", "image"+notHere),
		database("gpk's start script", "stdin: true", "args: [a]", "args"+notHere),
		database("gpk's probes", "terminationMessagePath: /a", "startupProbe: {}", "startupProbe"+notHere),
		database("resources are by role", "resources: {}", "resources: {limits: {cpu: 1}}", "resources"+notHere),
		database("ports are the pod's", "ports: [{containerPort: 1}]", "ports: [{containerPort: 1, hostPort: 1}]", "ports[0].hostPort"+notHere),
		database("the user is of gpk's passwd", "volumeMounts: [{name: a, mountPath: /etc/passwds}]", "volumeMounts: [{name: a, mountPath: /etc/passwd}]",
			`volumeMounts[0].mountPath: "/etc/passwd" is not allowed`),
		database("a home has folders", "volumeMounts: [{name: a, mountPath: /home/gpadmin/.aws}]", "volumeMounts: [{name: a, mountPath: /home}]",
			`volumeMounts[0].mountPath: "/home" is not allowed`),
		database("the owner of the files", "securityContext: {runAsUser: 1000}", "securityContext: {runAsUser: 1001}", "securityContext.runAsUser"+notHere),
		database("capabilities are only taken", "securityContext: {capabilities: {drop: [ALL]}}", "securityContext: {capabilities: {add: [A]}}", "securityContext.capabilities"+notHere),
		database("/proc is masked", "securityContext: {procMount: Default}", "securityContext: {procMount: Unmasked}", "securityContext.procMount"+notHere),
		sidecar("others may be other users", "securityContext: {runAsUser: 1}", "securityContext: {runAsUser: 0}", "securityContext.runAsUser"+notHere),
		sidecar("others have all they want", "image: a, command: [b], volumeMounts: [{name: a, mountPath: /tmp}], securityContext: {readOnlyRootFilesystem: true}",
			"image: a, securityContext: {privileged: true}", "securityContext.privileged"+notHere),
		in("{spec: {initContainers: [{name: %s}]}}", "gpk's own container before", "users", "user", template+`initContainers[0].name: "user" is not allowed: it is gpk's own`),
		init("containers before are restricted too", "securityContext: {allowPrivilegeEscalation: false}", "securityContext: {allowPrivilegeEscalation: true}",
			"securityContext.allowPrivilegeEscalation"+notHere),
	}
}

func userRules() []rule {
	user := func(why, inside, outside, fault string) rule {
		return rule{"user: " + why, "", "spec/user: {" + inside + "}", "spec/user: {" + outside + "}", "spec.user." + fault}
	}
	patched := func(why, user, inside, outside, fault string) rule {
		wrap := func(of string) string { return "spec/podTemplate: {spec: {securityContext: {" + of + "}}}" }
		return rule{"user: " + why, "spec/user: {" + user + "}", wrap(inside), wrap(outside), "spec.podTemplate.spec.securityContext." + fault}
	}
	const notHere = ": not allowed here: "
	return []rule{
		user("not root", "uid: 1", "uid: 0", "uid: 0 is not allowed: the database does not run as root: give another user, such as 1000"),
		user("a number of a user", "uid: 2147483647", "uid: 2147483648", "uid: 2147483648 is not allowed: give 1 to 2147483647"),
		user("a number of a group", "gid: 0", "gid: -1", "gid: -1 is not allowed: give 0 to 2147483647"),
		user("one who chooses", "assigned: true", "assigned: true, uid: 1001", "uid"+notHere+"with assigned: true the namespace gives"),
		user("one who chooses the group", "assigned: true", "assigned: true, gid: 1001", "gid"+notHere),
		patched("a patch has the cluster's", "uid: 1001", "runAsUser: 1001, fsGroup: 1001", "runAsUser: 1000, fsGroup: 1001", "runAsUser"+notHere),
		patched("a patch has the cluster's group", "uid: 1001, gid: 0", "runAsGroup: 0", "runAsGroup: 1001", "runAsGroup"+notHere),
		patched("a patch has none where it is assigned", "assigned: true", "runAsNonRoot: true", "runAsUser: 1000", "runAsUser"+notHere),
	}
}
