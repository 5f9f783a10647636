package plan

// Delete is the plan that takes a cluster away. Its volumes stay unless the data is to go as well. What a rerun needs to
// finish, the ConfigMaps and keys, goes last.
func Delete(cluster Ref, data bool) Plan {
	steps := []Step{
		{"stop", "database stopped", Converge, Stopped{Mode: "fast"}},
		{"workloads", "stateful sets and pods gone", Converge, Remove{[]string{"StatefulSet", "Pod"}}},
	}
	if data {
		steps = append(steps, Step{"data", "volumes and all data gone", Destructive, Remove{[]string{"PersistentVolumeClaim"}}})
	}
	steps = append(steps, Step{"objects", "services, scripts and keys gone", Converge,
		Remove{[]string{"PodDisruptionBudget", "NetworkPolicy", "Service", "ServiceAccount", "Secret", "ConfigMap"}}})
	return Plan{"delete", cluster, steps}
}
