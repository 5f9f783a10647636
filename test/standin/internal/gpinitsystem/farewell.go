package gpinitsystem

import (
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/release"
)

// farewell says what was made and what to do next.
func (r *run) farewell(standby int) {
	log, dir := r.Log, r.in.coordinator.Dir
	log.Info("Greenplum Database instance successfully created")
	log.Rule(54)
	for _, line := range []string{
		"To complete the environment configuration, please ",
		"update " + r.User + " .bashrc file with the following",
		"1. Ensure that the " + release.Script(r.Home) + " file is sourced",
		`2. Add "export COORDINATOR_DATA_DIRECTORY=` + dir + `"`,
		"   to access the Greenplum scripts for this instance:",
		"   or, use -d " + dir + " option for the Greenplum scripts",
		"   Example gpstate -d " + dir,
		"Script log file = " + log.Path(),
		"To remove instance, run gpdeletesystem utility",
	} {
		log.Info("%s", line)
	}
	switch {
	case r.opt.standby == "":
		log.Info("To initialize a Standby Coordinator Segment for this Greenplum instance")
		log.Info("Review options for gpinitstandby")
	case standby <= 1:
		log.Info("Standby Coordinator %s has been configured", r.opt.standby)
		log.Info("To activate the Standby Coordinator Segment in the event of Coordinator")
		log.Info("failure review options for gpactivatestandby")
	default:
		log.Print(console.Warn, "Standby Coordinator failed to initialize")
	}
	log.Rule(54)
	for _, line := range []string{
		"The Coordinator " + dir + "/pg_hba.conf post gpinitsystem",
		"has been configured to allow all hosts within this new",
		"array to intercommunicate. Any hosts external to this",
		"new array must be explicitly added to this file",
		"Refer to the Greenplum Admin support guide which is",
		"located in the " + r.Home + "/docs directory",
	} {
		log.Info("%s", line)
	}
	log.Rule(54)
	if standby > 1 {
		const stars = "*******************************************************"
		log.Print(console.Warn, stars)
		log.Print(console.Warn, "Cluster setup finished, but Standby Coordinator failed to initialize. "+
			"Review contents of log files for errors.")
		log.Info("Use gpinitstandby to create a Standby Coordinator")
		log.Print(console.Warn, stars)
	}
}
