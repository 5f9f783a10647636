package passthrough

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/release"
	"gpk/test/standin/internal/utility"
)

// Prober starts the prober of a coordinator's directory beside the process pid.
type Prober func(dir string, pid int) error

// Postgres is the server. It answers Greenplum's own questions, and becomes
// PostgreSQL's for everything else. With a coordinator's directory it leaves a
// prober beside the server, however that was started, or keeps all but utility
// connections out.
func Postgres(env utility.Environment, start Prober) error {
	if len(env.Args) == 1 && (env.Args[0] == "--gp-version" || env.Args[0] == "--catalog-version") {
		return answer(env)
	}
	args := withoutGreenplum(env.Args)
	if dir := Directory(env.Args); dir != "" {
		if err := compatible(env.Home, dir); err != nil {
			return err
		}
		args = append(args, instance.ReplicaOptions(dir)...)
		content, _ := instance.Read(dir, "gp_contentid")
		switch {
		case content != "-1":
		case Role(env.Args) == instance.Utility:
			args = append(args, instance.AdminOptions(dir)...)
		default:
			if err := start(dir, os.Getpid()); err != nil {
				return fmt.Errorf("start the prober: %w", err)
			}
		}
	}
	return become(filepath.Join(RealBin, "postgres"), args, os.Environ())
}

func answer(env utility.Environment) error {
	r, err := release.Load(env.Home)
	if err != nil {
		return err
	}
	text := r.Postgres()
	if env.Args[0] == "--catalog-version" {
		text = fmt.Sprintf("Catalog version number:               %s", r.Catalogue)
	}
	_, err = fmt.Fprintln(env.Stdout, text)
	return err
}

// compatible refuses a directory that was made with another catalogue version.
func compatible(gphome, dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, instance.CatalogueFile))
	if err != nil {
		return nil //nolint:nilerr // no directory of the stand-in: PostgreSQL judges it
	}
	r, err := release.Load(gphome)
	if err != nil {
		return err
	}
	if made := strings.TrimSpace(string(data)); made != r.Catalogue {
		return console.Says("FATAL:  database files are incompatible with server\nDETAIL:  The database cluster was initialized "+
			"with CATALOG_VERSION_NO %s, but the server was compiled with CATALOG_VERSION_NO %s.", made, r.Catalogue)
	}
	return nil
}

// PgCtl is PostgreSQL's pg_ctl, which starts the stand-in's postgres.
func PgCtl(env utility.Environment) error {
	args := env.Args
	for _, a := range args {
		if a == "start" || a == "restart" {
			args = append([]string{"-p", filepath.Join(env.Home, "bin/postgres")}, args...)
			break
		}
	}
	return become(filepath.Join(RealBin, "pg_ctl"), args, ClientEnvironment(os.Environ()))
}
