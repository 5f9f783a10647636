package plan

import (
	"slices"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Create is the plan of a new cluster. Its order is that of a person who knows what depends on what. Keys and names come
// before pods. Volumes come before pods, since a pod with a bound claim starts at once. Hosts come before pods, since a pod
// sees later changes a minute or two late. ssh comes before gpinitsystem, and the clients' Service and a written row last.
func Create(c *topology.Cluster) (Plan, error) {
	p, err := partsOf(c)
	if err != nil {
		return Plan{}, err
	}
	secret := c.Spec.Database.PasswordSecret
	connections, everywhere, rest := initSettings(c)
	initSystem := segments.InitSystem(p.topology, c.Spec.Database.Locale, connections, everywhere)
	standby, hasStandby := p.topology.Standby()
	return newPlan("create", ref(c), []Step{
		{"secret", "passwords in Secret " + secret, Converge, when(secret != "", Passwords{secret})},
		{"certificate", "certificate of clients in Secret " + p.ClientCertificate(), Converge, p.givenCertificate()},
		{"capacity", "room for the pods", Converge, Capacity{Sets: p.sets}},
		{"admissible", "stateful sets that the API server takes", Converge, Admissible{p.sets, false}},
		{"keys", "keys and certificates of the cluster", Converge, p.keys()},
		{"selfsigned", "certificate of clients, signed by gpk", Converge, p.selfSigned()},
		{"objects", "services and scripts", Converge, Apply{Objects: slices.Concat(p.common, p.pairBudgets(nil))}},
		{"exposed", "no network policies", Converge, when(!c.HasNetworkPolicy(), Remove{[]string{"NetworkPolicy"}})},
		{"volumes", "volume claims", Converge, Apply{Objects: objects(p.claims(nil))}},
		{"hosts", "hosts known to the pods", Converge, Hosts{p.hosts}},
		{"pods", "stateful sets", Converge, Apply{objects(p.sets), p.mirrorSpread()}},
		{"running", "pods running", Converge,
			Running{Pods: p.pods, Unmade: &Unmade{p.ClientService(), p.topology.Instances}}},
		{"image", "image complete and of the release", Converge, Image{c.Spec.Version, segments.InspectionOf(c.Spec.Database)}},
		{"network", "hosts reachable by name, ssh and port", Converge,
			Reach{From: p.pods[0], Hosts: p.hosts, Links: segments.Links(p.topology)}},
		{"initialise", "gpinitsystem", Once, Initialise{p.topology, initSystem, p.authentication()}},
		{"settings", "server settings", Converge, when(len(rest) > 0, Configure{rest})},
		{"standby", "standby coordinator", Once, when(hasStandby, Standby{standby, p.coordinatorsAuthentication()})},
		{"roles", "roles and their passwords", Converge, when(secret != "", Roles{secret})},
		{"database", "database and its extensions", Converge, p.database()},
		p.authenticated(),
		{"served", "certificate of clients in use", Converge, p.served()},
		{"enforced", "network policies enforced", Converge, when(c.HasNetworkPolicy(), p.enforced())},
		{"synced", "mirrors in sync", Converge, Synced{}},
	}, p.reachable()), nil
}

// Passwords looks into the Secret of the roles' passwords before anything is made.
type Passwords struct{ Secret string }

// Keys makes the Secret with the cluster's ssh keys and certificates, unless it exists. No plan has them: gpk makes them when it needs
// them.
type Keys struct {
	Secret Object
	// Files are put beside the keys as they are: ssh's configuration.
	Files map[string]string
	// Names are the servers' names in their certificate.
	Names []string
}

// Image looks into the image that the pods run: whether it has the wanted release, what gpk and the utilities need, and a
// server that starts with the settings of cluster.yaml. It changes nothing.
type Image struct {
	Version string
	// Arguments are those of segments.InspectImage.
	Arguments []string
}

// Initialise runs gpinitsystem in the coordinator's pod, unless the catalogue says that somebody has.
type Initialise struct {
	Topology topology.Topology
	Utility  segments.Utility
	// Authentication is what the instances have in the place of gpinitsystem's. Clients come in later.
	Authentication Authentication
}

// Configure gives every instance the settings that gpinitsystem could not give: those with different values for the
// coordinator and the segments, and those whose values it would spoil. It does so only until clients are let in.
type Configure struct{ Settings []segments.RoleSetting }

// Standby makes the standby coordinator, unless the catalogue has one that is in sync.
type Standby struct {
	Instance topology.Instance
	// Authentication is what both coordinators have in the place of gpinitstandby's.
	Authentication Authentication
}

// Roles makes the roles of a Secret and gives them their passwords.
type Roles struct{ Secret string }

// Database makes the user's database with its extensions.
type Database struct {
	Name string
	// Extensions are made in that database, or in postgres without one.
	Extensions []string
}

func (Passwords) action()  {}
func (Keys) action()       {}
func (Image) action()      {}
func (Image) looks()       {}
func (Initialise) action() {}
func (Configure) action()  {}
func (Standby) action()    {}
func (Roles) action()      {}
func (Database) action()   {}

func (l layout) database() Database {
	return Database{l.Spec.Database.Name, slices.Clone(l.Spec.Database.Extensions)}
}
