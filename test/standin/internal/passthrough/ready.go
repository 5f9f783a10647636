package passthrough

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"gpk/test/standin/internal/utility"
)

// mirrorReady is what Greenplum's pg_isready exits with for a mirror or a
// standby that follows its primary. PostgreSQL's calls it "rejecting".
const mirrorReady = 64

// IsReady is PostgreSQL's pg_isready, which knows a mirror. It gives the exit
// status.
func IsReady(ctx context.Context, env utility.Environment) int {
	cmd := exec.CommandContext(ctx, filepath.Join(RealBin, "pg_isready"), env.Args...)
	cmd.Env = ClientEnvironment(os.Environ())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, env.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	status := 0
	switch {
	case errors.As(err, &exit):
		status = exit.ExitCode()
	case err != nil:
		env.Complain("%v\n", err)
		return 3
	}
	text := out.String()
	if status == 1 && isMirror(ctx, env.Args) {
		status = mirrorReady
		text = strings.Replace(text, "rejecting connections", "mirror ready", 1)
	}
	env.Say("%s", text)
	return status
}

// isMirror asks the same server for a session, which a replica without hot
// standby refuses in words of its own.
func isMirror(ctx context.Context, args []string) bool {
	args = slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == "-q" || a == "--quiet" })
	for i, a := range args {
		if a == "-t" && i+1 < len(args) {
			args = slices.Delete(args, i, i+2)
			break
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(RealBin, "psql"), append(args, "-X", "-c", "select 1")...)
	cmd.Env = append(ClientEnvironment(os.Environ()), "PGCONNECT_TIMEOUT=3")
	out, err := cmd.CombinedOutput()
	return err != nil && strings.Contains(string(out), "Hot standby mode is disabled")
}
