package plan

// Delete is the plan that deletes a cluster, its volumes only with data. ConfigMaps and keys go last: a rerun needs them.
func Delete(cluster Ref, data bool) Plan {
	return newPlan(DeleteOperation, cluster, []Step{
		{"stop", "database stopped", Converge, Stopped{Mode: "fast", Removing: true}},
		{"workloads", "stateful sets and pods gone", Converge, Remove{[]string{"StatefulSet", "Pod"}}},
		{"leftover", "pod that looked into the image gone", Converge, LeftOver{InspectorLabels(cluster.Name)}},
		{"data", "volumes and all data gone", Destructive, when(data, Remove{[]string{"PersistentVolumeClaim"}})},
		{"objects", "services, scripts and keys gone", Converge,
			Remove{[]string{"PodDisruptionBudget", "NetworkPolicy", "Service", "ServiceAccount", "Secret", "ConfigMap"}}},
	})
}
