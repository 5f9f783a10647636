// Package segments owns everything that is Greenplum: the utilities' input files and argv, catalogue SQL and the parsing of
// its answers, and the differences between versions. It only makes and reads text; package apply carries it to the pods.
//
// No utility's exit status is given a meaning here: gpinitsystem 6 exits 1 for a warning, gpexpand 0 for an error. Whether
// something has been done is read from the catalogue.
package segments

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
)

// Command is a command line in a pod, and its input. No secret is in Argv, which other processes and the audit log can see.
type Command struct {
	Argv  []string
	Stdin string
}

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

// Connect connects its input and output with a port that the pod reaches.
func Connect(host, port string) Command { return Script("connect.sh", host, port) }

// Run calls a program in the environment of Greenplum's utilities, also for a user at a terminal or in a pipe.
func Run(argv ...string) Command { return Script("run.sh", argv...) }

// Psql runs SQL on the pod's own coordinator, or on a host, and prints bare values. The first fault ends it with exit status 3.
func Psql(database, host, sql string) Command {
	return Run(PsqlArgv(database, host, "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1")...).reading(sql)
}

// UserPsql is psql with a user's own arguments. run.sh gives its session no options: the server's settings count there. The session has a
// name, by which EndPsql finds it.
func UserPsql(database, name string, args ...string) Command {
	return Run(append([]string{"env", "PGAPPNAME=" + name}, PsqlArgv(database, "", args...)...)...)
}

// PsqlName is a name that no other session of UserPsql has.
func PsqlName() string { return fmt.Sprintf("gpk-psql-%x", rand.Text()[:8]) }

// EndPsql ends a psql of UserPsql, and its session on the server.
func EndPsql(name string) Command { return Script("endpsql.sh").reading(name + "\n") }

// ParseEndPsql is an error if EndPsql has left a session.
func ParseEndPsql(out string) error {
	return parseLines(out, "the answer about psql's session was", func(line string, _ []string) error {
		if line != "left 0" {
			return fmt.Errorf("the session on the server has not ended within 10 s: %s", line)
		}
		return nil
	})
}

// EndSessionSQL ends the sessions of a name.
func EndSessionSQL(name string) string {
	return "select pg_terminate_backend(pid) from pg_stat_activity where application_name = " + literal(name)
}

// PsqlArgv is psql with more arguments. It waits ten seconds for a host: the clients' Service may lead to a pod that is gone, for which TCP
// alone takes two minutes.
func PsqlArgv(database, host string, args ...string) []string {
	if host == "" {
		return append([]string{"psql", "-d", connection(database)}, args...)
	}
	return append([]string{"psql", "-d", connection(database) + " connect_timeout=10", "-h", host}, args...)
}

// connection is a database as psql takes it. psql reads a name with = or in the form of a URL as a connection string: the bare name
// host=… would lead the administrator to another server. Whoever may create databases chooses their names.
func connection(database string) string {
	return "dbname='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(database) + "'"
}

// parseJSON reads an answer that is JSON. name says in the error what was asked for.
func parseJSON[T any](out, name string) (T, error) {
	var value, none T
	if err := json.Unmarshal([]byte(out), &value); err != nil {
		return none, fmt.Errorf("cannot read %s from %q: %w", name, firstLine(out), err)
	}
	return value, nil
}

// whole is an answer, or nothing of it where it could not all be read: half an answer looks like other facts.
func whole[T any](answer T, err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return answer, nil
}

// parseLines reads the lines that one of gpk's scripts printed, each with its words. A script's last line is "end": an answer
// without it was cut off and is an error. name says in the error what was asked for.
func parseLines(out, name string, read func(line string, words []string) error) error {
	complete := false
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if line == "end" {
			complete = true
		} else if err := read(line, strings.Fields(line)); err != nil {
			return err
		}
	}
	if !complete {
		return fmt.Errorf("%s cut off after %q", name, firstLine(out))
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
