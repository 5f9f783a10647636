//go:build e2e

package contract

// settings changes settings for one role alone and for both, text and numbers, and takes one back; a reload lets them count.
func settings(c *cluster) {
	before := c.sql("show work_mem")
	c.refuses(coordinator, "gpconfig -c work_mem -v 48MB -m 64MB", 0, "completed successfully with parameters '-c work_mem -v 48MB -m 64MB'")
	c.refuses(coordinator, "gpconfig -s work_mem --file", 0,
		"Values on all segments are consistent", "Coordinator value: 64MB", "Segment     value: 48MB")
	c.refuses(coordinator, "gpconfig -s work_mem", 0, "Coordinator value: "+before, "Segment     value: "+before) // as they run still
	c.succeed(coordinator, "gpstop -u")
	// A setting that a session may change follows the coordinator's in what the segments are asked by.
	c.refuses(coordinator, "gpconfig -s work_mem", 0, "Coordinator value: 64MB")

	// Quotes of a value need an escape, and no validation: gpconfig takes them off otherwise.
	c.succeed(coordinator, `gpconfig --skipvalidation -c search_path -v "'\"\\044user\", public'"`)
	c.succeed(coordinator, "gpstop -u")
	if got := c.sql("show search_path"); got != `"$user", public` {
		c.Errorf("search_path is %s", got)
	}
	c.refuses(coordinator, "gpconfig -c no_such_thing -v 1", 1, "not a valid GUC: no_such_thing")
	c.refuses(coordinator, "gpconfig -c port -v 1", 1, "is not modifiable with this tool")

	c.succeed("primary-0", "echo work_mem=5MB >>/greenplum/primary/gpseg0/postgresql.conf")
	c.refuses(coordinator, "gpconfig -s work_mem --file", 0, "GUCS ARE OUT OF SYNC")
	c.succeed(coordinator, "gpconfig -r work_mem")
	c.succeed(coordinator, "gpconfig -r search_path")
	c.succeed(coordinator, "gpstop -u")
	c.refuses(coordinator, "gpconfig -s work_mem", 0, "Coordinator value: "+before, "Segment     value: "+before)
}
