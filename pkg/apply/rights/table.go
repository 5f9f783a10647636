package rights

import "slices"

const policyResource = "networkpolicies.networking.k8s.io"

// Duty is what a person or an account does with a cluster, as a list of commands.
type Duty struct {
	Name     string
	Commands []string
}

// Duties are the Roles that gpk makes for no command in particular. Whoever has two duties gets two Roles.
var Duties = []Duty{
	{"look", []string{"status", "certs", "logs", "psql", "config show", "completion"}},
	{"operate", []string{
		"stop", "stop --scale-to-zero", "start", "restart", "failover", "recover", "expand", "resize", "upgrade", "config set",
	}},
	{"archive", []string{
		"backup", "backup list", "backup show", "backup verify", "backup delete", "backup prune", "restore",
	}},
	{"administer", []string{"create", "check", "convert", "diff", "delete", "delete --delete-data"}},
}

// on are verbs on all objects that a cluster has of resources.
func on(verbs string, resources ...string) []Right {
	var all []Right
	for _, resource := range resources {
		all = append(all, Right{words(verbs), resource, ""})
	}
	return all
}

// part are verbs on a part of a cluster's objects of a resource.
func part(verbs, resource string, of Set) []Right { return []Right{{words(verbs), resource, of}} }

// found is how a command finds its cluster.
var found = []Right{{words("list"), "configmaps", ""}, {words("list"), "pods", ""}, {words("get create"), "pods/exec", ""}}

// changing is what every command needs that changes a cluster: to find it, to lock it, and to note what it does.
//
//nolint:gochecknoglobals // a table, never changed
var changing = slices.Concat(found, part("get patch", "configmaps", Kept), on("get create update", "leases.coordination.k8s.io"))

// scripts is what every command needs that makes StatefulSets or changes them.
//
//nolint:gochecknoglobals // a table, never changed
var scripts = part("get patch", "configmaps", Scripts)

// window is what a command needs that stops the database, recreates its pods and starts it.
//
//nolint:gochecknoglobals // a table, never changed
var window = slices.Concat(changing, part("get patch", "services", Clients), on("get create patch", "statefulsets.apps"), scripts,
	on("list watch delete", "pods"))

// made are the objects of fixed names that create makes, without network policies.
var made = []string{"configmaps", "services", "serviceaccounts", "statefulsets.apps"}

// commands is the one place that knows which command needs which rights.
var commands = []Command{
	{Name: "init", Also: words("schema plan version"), Note: "none: they ask no API server"},
	{Name: "completion", Rights: on("list", "configmaps", "pods"),
		Note: "These are for the completions of `--cluster` and of the pods of `logs`"},
	{Name: "rbac", Rights: slices.Concat(on("list", "configmaps"), part("get", "configmaps", Kept)), Note: "With `-f`: none"},
	{Name: "status", Also: words("certs psql"), Rights: found},
	{Name: "logs", As: "status", Rights: on("get", "pods/log")},
	{Name: "config show", As: "status", Rights: part("get", "configmaps", Kept)},
	{Name: "create", Also: []string{"create --update"}, Rights: slices.Concat(
		on("get create patch", made...), part("get create patch", "secrets", Keys), part("get", "secrets", Passwords),
		part("get create patch", "secrets", SelfSigned), part("get", "secrets", Certificate),
		on("get list create patch", "poddisruptionbudgets.policy"), on("get list watch create patch", "persistentvolumeclaims"),
		on("list watch patch delete", "pods"), on("get create", "pods/exec"), on("get create update", "leases.coordination.k8s.io")),
		Policies: map[Policies][]string{With: words("get create patch"), Without: words("list delete")}},
	{Name: "create --dry-run", Also: []string{"diff"}, Rights: slices.Concat(
		part("get", "secrets", Keys), part("get", "secrets", Passwords), part("get", "secrets", SelfSigned),
		part("get", "secrets", Certificate), on("get patch", made...),
		on("get list patch", "persistentvolumeclaims", "poddisruptionbudgets.policy"), on("list", "pods"), on("get create", "pods/exec")),
		Policies: map[Policies][]string{With: words("get patch"), Without: words("list")}},
	{Name: "check", As: "create --dry-run", Rights: slices.Concat(on("create", "pods"), part("delete", "pods", Inspector)),
		Note: "It tells whether the account that runs it has the rights of `create`"},
	{Name: "create --create-namespace", As: "create", Outside: true, Rights: on("create", "namespaces"),
		Note: "No other command needs that, and only a ClusterRole can give it"},
	{Name: "stop", Rights: changing},
	{Name: "stop --scale-to-zero", As: "stop", Rights: slices.Concat(on("get create patch", "statefulsets.apps"), on("delete", "pods"))},
	{Name: "start", Also: []string{"restart"}, Rights: slices.Concat(window, on("list watch", "persistentvolumeclaims"), on("patch", "pods"))},
	{Name: "failover", Rights: slices.Concat(changing, part("create", "configmaps", Kept), part("get patch", "services", Clients),
		part("patch delete", "pods", Coordinators))},
	{Name: "recover", Rights: slices.Concat(changing, part("get patch", "services", Clients),
		on("get list create patch", "persistentvolumeclaims"), on("get create patch", "statefulsets.apps"), on("watch", "pods"), scripts)},
	{Name: "expand", Grows: true, Rights: slices.Concat(window, part("create", "configmaps", Kept),
		on("get list create patch delete", "persistentvolumeclaims", "poddisruptionbudgets.policy"))},
	{Name: "upgrade", Rights: slices.Concat(window, part("create delete", "pods", Images))},
	{Name: "convert", Rights: slices.Concat(window, part("get create patch", "secrets", Keys), on("get create patch", "configmaps"),
		on("get create patch", "services", "serviceaccounts"), on("get list create patch", "poddisruptionbudgets.policy")),
		Policies: map[Policies][]string{With: words("get create patch"), Without: words("list")}},
	{Name: "config set", Rights: changing},
	{Name: "backup", Also: []string{"backup verify", "backup delete", "backup prune", "restore"},
		Rights: slices.Concat(changing, part("get", "secrets", Bucket))},
	{Name: "backup list", Also: []string{"backup show"},
		Rights: slices.Concat(found, part("get", "configmaps", Kept), part("get", "secrets", Bucket))},
	{Name: "resize", Rights: slices.Concat(window, on("get list create patch", "persistentvolumeclaims"), on("delete", "statefulsets.apps"))},
	{Name: "delete", Rights: slices.Concat(
		on("list delete", "statefulsets.apps", "pods", "poddisruptionbudgets.policy", policyResource, "services", "serviceaccounts"),
		part("delete", "pods", Inspector), part("list delete", "secrets", Keys),
		part("delete", "secrets", SelfSigned), on("list delete", "configmaps"),
		part("get create patch", "configmaps", Kept),
		on("get create", "pods/exec"), on("get create update delete", "leases.coordination.k8s.io"))},
	{Name: "delete --delete-data", As: "delete", Rights: on("list delete", "persistentvolumeclaims")},
}

// rare are the rights that a run of a command mostly does without, each with its case.
var rare = []Rare{
	{nil, nil, "an object is missing"},
	{part("create", "configmaps", Kept), words("failover expand"), "somebody deleted the ConfigMap `NAME-state`"},
	{part("create", "configmaps", Kept), words("delete"), "somebody deleted the record"},
	{on("create", "leases.coordination.k8s.io"), nil, "the cluster has no lease yet, or somebody deleted it"},
	{on("create patch", "persistentvolumeclaims", "statefulsets.apps"), words("recover"), "they are missing"},
	{on("watch", "pods"), words("recover restart"), "pods do not run"},
	{on("delete", "pods"), []string{"stop --scale-to-zero", "delete", "delete --delete-data"},
		"a pod is still there when gpk looks, which its StatefulSet has not deleted yet"},
	{on("get create", "pods/exec"), []string{"delete", "delete --delete-data"},
		"pods run: gpk stops the database first. Without the right, the pods stop their instances when they are deleted"},
	{slices.Concat(on("patch", "pods"), on("watch", "persistentvolumeclaims")), words("create start restart"),
		"gpk [spreads the mirrors](cluster-yaml.md#mirror-placement) when their pods are first made. In `start` and `restart`: only if the " +
			"mirrors' StatefulSet is missing, or their pods still wait for gpk"},
	{on("list", "poddisruptionbudgets.policy"), []string{"create", "create --dry-run", "check", "diff", "expand"},
		"the cluster has more than eight of them: gpk lists them and does not get each"},
	{on("list", "persistentvolumeclaims"), words("diff recover"), "the cluster has more than eight of them"},
	{on("list", "persistentvolumeclaims"), words("start restart"), "pods are missing, and gpk checks for room"},
	{on("delete", "pods"), words("create start restart"),
		"pods run nothing and were made for an earlier file. In `create`, before there is a database: pods that run too"},
	{on("delete", "pods"), words("expand"), "gpk undoes an expansion, or pods run nothing and were made for an earlier file"},
	{on("delete", "persistentvolumeclaims", "poddisruptionbudgets.policy"), words("expand"), "gpk undoes an expansion"},
	{on("patch delete", "pods"), words("failover"), "the coordinator's pod is unreachable. Without the rights, gpk prints that and continues"},
}

// optional are the rights without which all commands work, each with what it is for.
var optional = []Optional{
	{What: "list persistentvolumeclaims", Rights: on("list", "persistentvolumeclaims"),
		For: "all commands that find their cluster in the namespace: all except `create`, `diff` and `delete --cluster`. Without it they do " +
			"not find clusters of which only volumes are left"},
	{What: "list resourcequotas, limitranges", Rights: on("list", "resourcequotas", "limitranges"),
		Commands: words("create check start restart expand resize upgrade"),
		For: "whether the quotas have room, for `create`, `check`, `start`, `restart`, `expand` and `resize` when they make pods. " +
			"`upgrade`: what a LimitRange wants of the pods that bring the image. Without the right, gpk tries these pods once more without " +
			"requests"},
	{What: "list nodes, pods of all namespaces, persistentvolumes, storageclasses.storage.k8s.io; get priorityclasses.scheduling.k8s.io",
		For: "whether the nodes have room, for the same commands. Only a ClusterRole can give these. gpk skips what it may not see, and " +
			"prints that for nodes and their pods. `resize` also lists the storage classes to see whether they let volumes grow"},
	{What: "list nodes",
		For: "spreading the mirrors when they are first made: gpk spreads them on three or more nodes, or if it may not list nodes"},
	{What: "create statefulsets.apps, with patch", Rights: on("create", "statefulsets.apps"),
		Commands: []string{"create --dry-run", "check", "diff"},
		For: "`create --dry-run`, `check` and `diff`: whether the API server accepts missing StatefulSets. The first two print if they " +
			"could not ask"},
	{What: "create on pods",
		For: "`create`, `expand`, `resize`: whether the API server accepts the pods, by a dry run before anything is made or stopped. gpk " +
			"prints if it could not ask. `create`: the pod that tries whether NetworkPolicies are enforced and, with delete on pod `NAME-image`, " +
			"the pod that looks into the image before anything is made. The Role of `create` has no such right: it " +
			"[amounts to the database](#rights-that-amount-to-the-database)"},
	{What: "list events", Rights: on("list", "events"),
		For: "why a pod is not created or has no container yet. Without it, gpk prints the command that shows that"},
	{What: "get nodes", For: "the fault of the node of a pod that does not answer"},
	{What: "get leases.coordination.k8s.io in the namespace `kube-node-lease`, or else get nodes",
		For: "`failover`, of both coordinators' nodes; [without it](commands/failover.md#rights)"},
}
