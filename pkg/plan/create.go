package plan

import (
	"slices"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Create is the plan of a new cluster. Its steps are those of a person who knows what depends on what: keys and names
// before pods, volumes before pods since a pod with a bound claim starts at once, the hosts before pods since what comes
// later is seen by them a minute or two later, ssh before gpinitsystem, and the clients' Service and a written row when all
// is there.
func Create(c *topology.Cluster) (Plan, error) {
	t := topology.New(c)
	shared, err := sharedObjects(c)
	if err != nil {
		return Plan{}, err
	}
	policies, err := networkPolicies(c)
	if err != nil {
		return Plan{}, err
	}
	budgets, err := budgets(c, t)
	if err != nil {
		return Plan{}, err
	}
	keys, err := keys(c)
	if err != nil {
		return Plan{}, err
	}
	volumes, err := volumes(c, t)
	if err != nil {
		return Plan{}, err
	}
	workloads, err := workloads(c, t)
	if err != nil {
		return Plan{}, err
	}
	workloads.Spread = mirrorSpread(c, t)
	steps := []Step{
		{"capacity", "room for the pods", Converge, capacity(workloads)},
		admissible(workloads, false),
		{"keys", "ssh keys of the cluster", Converge, keys},
		{"objects", "services and scripts", Converge, Apply{Objects: slices.Concat(shared, policies, budgets)}},
		{"volumes", "volume claims", Converge, volumes},
		{"hosts", "hosts known to the pods", Converge, Hosts{hosts(c, t)}},
		{"pods", "stateful sets", Converge, workloads},
		{"running", "pods running", Converge, Running{Pods: t.Pods()}},
		{"image", "image complete and of the release", Converge, image(c)},
		{"network", "hosts reachable by name, ssh and port", Converge, reach(c, t)},
		{"initialise", "gpinitsystem", Once, initialise(c, t)},
	}
	if !c.HasNetworkPolicy() {
		steps = slices.Insert(steps, 4, Step{"exposed", "no network policies", Converge, Remove{[]string{"NetworkPolicy"}}})
	}
	if secret := c.Spec.Database.PasswordSecret; secret != "" {
		steps = slices.Insert(steps, 0, Step{"secret", "passwords in Secret " + secret, Converge, Passwords{secret}})
	}
	if settings := configuration(c); len(settings.Settings) > 0 {
		steps = append(steps, Step{"settings", "server settings", Converge, settings})
	}
	if standby, wanted := t.Standby(); wanted {
		steps = append(steps, Step{"standby", "standby coordinator", Once, Standby{standby}})
	}
	if secret := c.Spec.Database.PasswordSecret; secret != "" {
		steps = append(steps, Step{"roles", "roles and their passwords", Converge, Roles{secret}})
	}
	steps = append(steps,
		Step{"database", "database and client authentication", Converge, database(c)},
		Step{"synced", "mirrors in sync", Converge, Synced{}},
	)
	return Plan{"create", ref(c), append(steps, reachable(c, t)...)}, nil
}

func hosts(c *topology.Cluster, t topology.Topology) []string {
	var hosts []string
	for _, pod := range t.Pods() {
		hosts = append(hosts, c.Host(pod))
	}
	return hosts
}

// heads are the hosts of the coordinator and the standby.
func heads(c *topology.Cluster, t topology.Topology) []string {
	var hosts []string
	for _, pod := range podsOf(coordinators(t)) {
		hosts = append(hosts, c.Host(pod))
	}
	return hosts
}

func serviceDomain(c *topology.Cluster, service string) string {
	return service + "." + c.Metadata.Namespace + ".svc." + c.Spec.Network.ClusterDomain
}

func initialise(c *topology.Cluster, t topology.Topology) Initialise {
	return Initialise{t, initSystem(c, t), segments.SegmentHBABlock(serviceDomain(c, c.ClientService()), coordinatorHosts(c))}
}
