package instance

import "fmt"

// CoordinatorHBA are the lines of a new coordinator's pg_hba.conf, which has no
// others. Hosts are names: addresses of pods change.
func CoordinatorHBA(user, coordinator, standby string) []string {
	lines := []string{
		fmt.Sprintf("local    all         %s         ident", user),
		fmt.Sprintf("host     all         %s         localhost    trust", user),
		fmt.Sprintf("host     all         %s         %s       trust", user, coordinator),
		fmt.Sprintf("local    replication %s         ident", user),
		fmt.Sprintf("host     replication %s         samehost       trust", user),
		fmt.Sprintf("host     replication %s         %s       trust", user, coordinator),
	}
	if standby != "" && standby != coordinator {
		lines = append(lines, fmt.Sprintf("host     replication %s         %s       trust", user, standby))
	}
	return lines
}

// StandbyHBA are the lines that gpinitstandby puts before a coordinator's.
func StandbyHBA(user, standby string) []string {
	return []string{
		fmt.Sprintf("host\tall\t%s\t%s\ttrust", user, standby),
		fmt.Sprintf("host\treplication\t%s\tsamehost\ttrust", user),
		fmt.Sprintf("host\treplication\t%s\t%s\ttrust", user, standby),
	}
}

// PrimaryHBA are the lines that follow initdb's in a primary's pg_hba.conf.
func PrimaryHBA(user, coordinator, standby, primary, mirror string) []string {
	lines := []string{"host all all localhost trust", fmt.Sprintf("host all all %s trust", coordinator)}
	if mirror != "" {
		lines = append(lines, fmt.Sprintf("host all %s %s trust", user, mirror))
	}
	if standby != "" {
		lines = append(lines, fmt.Sprintf("host all all %s trust", standby))
	}
	return append(lines, fmt.Sprintf("host all %s %s trust", user, primary))
}

// ReplicationHBA are the lines that let a mirror, and after a failover its
// primary, copy the other.
func ReplicationHBA(user, primary, mirror string) []string {
	lines := []string{
		fmt.Sprintf("host replication %s samehost trust", user),
		fmt.Sprintf("host replication %s %s trust", user, mirror),
	}
	if primary != mirror {
		lines = append(lines, fmt.Sprintf("host replication %s %s trust", user, primary))
	}
	return lines
}
