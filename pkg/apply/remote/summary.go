package remote

// Summary are the last three lines of an error, on one line.
func Summary(err error) string { return LastLines(err.Error(), 3) }
