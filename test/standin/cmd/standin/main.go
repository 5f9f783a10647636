// Command standin is every utility of the stand-in, by the name it is called.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"gpk/test/standin/internal/gpactivatestandby"
	"gpk/test/standin/internal/gpaddmirrors"
	"gpk/test/standin/internal/gpconfig"
	"gpk/test/standin/internal/gpexpand"
	"gpk/test/standin/internal/gpinitstandby"
	"gpk/test/standin/internal/gpinitsystem"
	"gpk/test/standin/internal/gprecoverseg"
	"gpk/test/standin/internal/gpstart"
	"gpk/test/standin/internal/gpstate"
	"gpk/test/standin/internal/gpstop"
	"gpk/test/standin/internal/passthrough"
	"gpk/test/standin/internal/prober"
	"gpk/test/standin/internal/release"
	"gpk/test/standin/internal/roster"
	"gpk/test/standin/internal/utility"
)

func main() { os.Exit(run(context.Background())) }

func run(ctx context.Context) int {
	env, err := utility.NewEnvironment(os.Args[0], os.Args[1:])
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if slices.Contains(roster.Utilities(), env.Name) && slices.Contains(env.Args, "--version") {
		return printVersion(env)
	}
	switch env.Name {
	case "gpactivatestandby":
		return gpactivatestandby.Run(ctx, env)
	case "gpaddmirrors":
		return gpaddmirrors.Run(ctx, env)
	case "gpconfig":
		return gpconfig.Run(ctx, env)
	case "gpexpand":
		return gpexpand.Run(ctx, env)
	case "gpinitsystem":
		return gpinitsystem.Run(ctx, env)
	case "gpinitstandby":
		return gpinitstandby.Run(ctx, env)
	case "gprecoverseg":
		return gprecoverseg.Run(ctx, env)
	case "gpstart":
		return gpstart.Run(ctx, env)
	case "gpstate":
		return gpstate.Run(ctx, env)
	case "gpstop":
		return gpstop.RunWith(ctx, env, gpstart.Run)
	case "pg_isready":
		return passthrough.IsReady(ctx, env)
	case "postgres":
		err = passthrough.Postgres(env, prober.Launch(ctx, env.Home))
	case "pg_ctl":
		err = passthrough.PgCtl(env)
	case "initdb":
		err = passthrough.Initdb(ctx, env)
	case roster.Prober:
		err = prober.Main(ctx, env)
	default:
		err = passthrough.Client(env)
	}
	if err != nil {
		env.Complain("%v\n", err)
		return 1
	}
	return 0
}

func printVersion(env utility.Environment) int {
	r, err := release.Load(env.Home)
	if err != nil {
		env.Complain("%v\n", err)
		return 2
	}
	env.Say("%s version %s\n", env.Name, r.Build())
	return 0
}
