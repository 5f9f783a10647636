package segments

// Command is one command line in a pod, with what it reads on standard input. Nothing secret is ever in Argv, which
// other processes and the API server's audit log can see.
type Command struct {
	Argv  []string
	Stdin string
}

// reading is the command with something to read.
func (c Command) reading(stdin string) Command {
	c.Stdin = stdin
	return c
}

// File is an input file of a utility, made in the folder that the utility is started in.
type File struct {
	Name    string
	Content string
}

// Setting is a server setting of an instance.
type Setting struct{ Name, Value string }

// Utility is a long command that runs as a durable job, with its input files.
type Utility struct {
	Argv  []string
	Files []File
}

const scripts = "/gpk/scripts/"

// Script is a call of one of gpk's in-pod scripts.
func Script(name string, args ...string) Command {
	return Command{Argv: append([]string{"/bin/bash", scripts + name}, args...)}
}

// Session carries out one command after another: see templates/scripts/session.sh.
func Session() Command { return Script("session.sh") }

// run calls a program in the environment of Greenplum's utilities.
func run(argv ...string) Command { return Script("run.sh", argv...) }

// Psql runs SQL in a database on the coordinator of the same pod, or on the host if one is named, and prints bare
// values. The first failing statement ends it with exit status 3.
func Psql(database, host, sql string) Command {
	return run(PsqlArgv(database, host, "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1")...).reading(sql)
}

// PsqlArgv is psql with a user's own arguments.
func PsqlArgv(database, host string, args ...string) []string {
	argv := []string{"psql", "-d", database}
	if host != "" {
		argv = append(argv, "-h", host)
	}
	return append(argv, args...)
}

// Interactive is a program in the environment of Greenplum's utilities, for a user at a terminal or in a pipe.
func Interactive(argv ...string) Command { return run(argv...) }
