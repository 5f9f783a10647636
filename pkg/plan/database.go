package plan

import (
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Database makes the user's database with its extensions, and the client authentication.
type Database struct {
	Name string
	// Extensions are made in that database, or in postgres without one.
	Extensions []string
	// HBA is the block of pg_hba.conf that gpk owns.
	HBA string
}

// Configure gives every instance the settings that gpinitsystem could not give them: those of which the coordinator and
// the segments have different values, and those whose values it would spoil. It does so until clients are let in.
type Configure struct{ Settings []segments.RoleSetting }

// Passwords looks into the Secret of the roles' passwords before anything is made.
type Passwords struct{ Secret string }

// Roles makes the roles of a Secret and gives them their passwords.
type Roles struct{ Secret string }

func (Database) action()  {}
func (Configure) action() {}
func (Passwords) action() {}
func (Roles) action()     {}

func database(c *topology.Cluster) Database {
	// The acting coordinator's pod is in both Services, and so has a name in both domains.
	domains := []string{serviceDomain(c, c.HostsService()), serviceDomain(c, c.ClientService())}
	return Database{c.Spec.Database.Name, c.Spec.Database.Extensions, segments.HBABlock(domains, c.Spec.Database.HBA)}
}

// initSystem starts every instance with the settings that all of them can have.
func initSystem(c *topology.Cluster, t topology.Topology) segments.Utility {
	connections, shared, _ := settings(c)
	return segments.InitSystem(t, c.Spec.Database.Locale, connections, shared)
}

func configuration(c *topology.Cluster) Configure {
	_, _, rest := settings(c)
	return Configure{rest}
}

// settings are the coordinator's max_connections, of which gpinitsystem derives the segments', the settings that it gives
// to all, and the rest.
func settings(c *topology.Cluster) (connections string, shared []segments.Setting, rest []segments.RoleSetting) {
	unbounded := false // what bounds statement_mem is among the rest, and with it statement_mem has to be
	for _, s := range topology.Settings(c) {
		coordinator, segment := string(s.Coordinator), string(s.Segment)
		switch {
		case s.Name == "max_connections":
			connections = coordinator
		case coordinator == segment && segments.SurvivesInitSystem(coordinator) && (s.Name != topology.StatementMem || !unbounded):
			shared = append(shared, segments.Setting{Name: s.Name, Value: coordinator})
		default:
			unbounded = unbounded || s.Name == topology.MostStatement
			rest = append(rest, segments.RoleSetting{Name: s.Name, Coordinator: coordinator, Segment: segment})
		}
	}
	return connections, shared, rest
}
