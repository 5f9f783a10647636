package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker in a release.
var version = "" //nolint:gochecknoglobals // the linker can set nothing else

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show gpk's own version",
		RunE: func(*cobra.Command, []string) error {
			v := versionInfo{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			if build, ok := debug.ReadBuildInfo(); ok && v.Version == "" {
				v.Version = build.Main.Version
			}
			return a.print(v, fmt.Sprintf("gpk %s, %s, %s\n", v.Version, v.Go, v.Platform))
		},
	}
}

// versionInfo is what `gpk version -o json` prints.
type versionInfo struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}
