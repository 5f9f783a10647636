package it

// configured changes settings of all three kinds: PostgreSQL's with a value for each role, text, and Greenplum's own.
func configured(c *cluster) {
	c.contains(c.run(coordinator, "gpconfig -c shared_buffers -v 48MB -m 64MB", 0),
		"completed successfully with parameters '-c shared_buffers -v 48MB -m 64MB'")
	c.run(coordinator, "gpconfig -c search_path -v '\"$user\", public'", 0)
	c.contains(c.run(coordinator, "gpconfig -s search_path --file", 0), `Segment     value: '"", public'`)
	c.run(coordinator, `gpconfig --skipvalidation -c search_path -v "'\"\\044user\", public'"`, 0)
	c.run(coordinator, "gpconfig -c gp_vmem_protect_limit -v 600 -m 700", 0)
	shown := c.run(coordinator, "gpconfig -s shared_buffers --file", 0)
	for _, line := range []string{"Values on all segments are consistent", "Coordinator value: 64MB", "Segment     value: 48MB"} {
		c.contains(shown, line)
	}
	c.contains(c.run(coordinator, "gpconfig -s gp_vmem_protect_limit --file", 0), "Segment     value: 600")
	c.contains(c.run(coordinator, "gpconfig -s shared_buffers", 0), "Segment     value: 32MB") // as they run still
	c.contains(c.run(coordinator, "gpconfig -c no_such_thing -v 1", 1), "not a valid GUC: no_such_thing")
	c.contains(c.run(coordinator, "gpconfig -c port -v 1", 1), "is not modifiable with this tool")
	c.run("demo-primary-0", "echo work_mem=5MB >> /greenplum/primary/gpseg0/postgresql.conf", 0)
	c.contains(c.run(coordinator, "gpconfig -s work_mem --file", 0), "GUCS ARE OUT OF SYNC")
	c.run(coordinator, "gpconfig -r work_mem", 0)
	c.contains(c.run(coordinator, "gpconfig -s work_mem --file", 0), "No value is set on segments")
}

func reconfigured(c *cluster) {
	shown := c.run(coordinator, "gpconfig -s shared_buffers", 0)
	c.contains(shown, "Coordinator value: 64MB")
	c.contains(shown, "Segment     value: 48MB")
	if got := c.sql("postgres", "show search_path"); got != `"$user", public` {
		c.Fatalf("search_path is %s", got)
	}
}
