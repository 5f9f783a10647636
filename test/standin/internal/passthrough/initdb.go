package passthrough

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/release"
	"gpk/test/standin/internal/utility"
)

// Initdb is PostgreSQL's initdb with Greenplum's two more options, and leaves
// the catalogue version in the directory it made.
func Initdb(ctx context.Context, env utility.Environment) error {
	args, settings := initdbOptions(env.Args)
	cmd := exec.CommandContext(ctx, filepath.Join(RealBin, "initdb"), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, env.Stdout, env.Stderr
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			os.Exit(exit.ExitCode())
		}
		return err
	}
	dir := Directory(args)
	if dir == "" {
		return nil
	}
	r, err := release.Load(env.Home)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, instance.CatalogueFile), []byte(r.Catalogue+"\n"), 0o600); err != nil {
		return err
	}
	return appendSettings(dir, settings)
}

// initdbOptions separates --max_connections and --shared_buffers, which
// Greenplum's initdb takes and PostgreSQL's does not.
func initdbOptions(args []string) (rest []string, settings []instance.Setting) {
	for _, a := range args {
		name, value, _ := strings.Cut(strings.TrimPrefix(a, "--"), "=")
		if strings.HasPrefix(a, "--") && (name == "max_connections" || name == "shared_buffers") {
			settings = append(settings, instance.Setting{Name: name, Value: value})
			continue
		}
		rest = append(rest, a)
	}
	return rest, settings
}

func appendSettings(dir string, settings []instance.Setting) error {
	f, err := os.OpenFile(filepath.Join(dir, instance.ConfFile), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	for _, s := range settings {
		if _, err := fmt.Fprintf(f, "%s=%s\n", s.Name, s.Value); err != nil {
			_ = f.Close()
			return err
		}
	}
	return f.Close()
}
