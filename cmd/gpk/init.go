package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

func (a *app) initCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "init [NAME | --from FILE]",
		Short: "Write a commented cluster.yaml to start from",
		Long: `init writes a cluster.yaml that explains every field, for a cluster of the given name (default: demo). It writes to standard
output or to a new file. It needs no API server.

With --from it writes the cluster.yaml for a GreenplumCluster of greenplum.pivotal.io/v1, without comments on the fields. It reports what
that file has and gpk does not, on standard error and at the top of the new file.`,
		Example: "  gpk init sales >cluster.yaml\n  gpk init sales --image registry.example/greenplum:7.1.0 -f cluster.yaml\n" +
			"  gpk init --from greenplum.yaml --image registry.example/greenplum:6.27.1 >cluster.yaml",
		Args: cobra.MaximumNArgs(1),
	}
	file := cmd.Flags().StringP("filename", "f", "", "file to write, which must not exist yet (default: standard output)")
	image := cmd.Flags().String("image", "", "image of the file; its tag is the release, if the tag looks like one")
	from := cmd.Flags().String("from", "", "file with a GreenplumCluster of greenplum.pivotal.io/v1")
	_ = cmd.MarkFlagFilename("filename", "yaml", "yml")
	_ = cmd.MarkFlagFilename("from", "yaml", "yml")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		name := "demo"
		if len(args) == 1 {
			name = args[0]
		}
		starter, err := a.starter(name, *from, *image, len(args) == 1)
		if err != nil {
			return usageError{err}
		}
		if *file == "" || *file == "-" {
			_, err = a.out.Write(starter)
			return err
		}
		if err := writeNew(*file, starter); err != nil {
			return err
		}
		_, err = fmt.Fprintln(a.err, a.shown(engine.Next(*file+" is written: edit it, then run ", plan.Gpk("create", "-f", *file, "--dry-run"))))
		return err
	}
	return cmd
}

// starter is the file that init writes.
func (a *app) starter(name, from, image string, named bool) ([]byte, error) {
	if from == "" {
		return topology.Starter(name, image)
	}
	if named {
		return nil, fmt.Errorf("the name is in %s: give a NAME or --from", from)
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	file, left, err := topology.FromPivotal(data, image)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	for _, what := range left {
		_, _ = fmt.Fprintln(a.err, "not carried over: "+printable(what))
	}
	return file, nil
}

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of cluster.yaml, for editors",
		Long: `schema prints the JSON Schema of cluster.yaml, which is made from gpk's own types. Editors complete and check files
with it. It needs no API server.`,
		Example: "  gpk schema >gpk.schema.json\n  # and as the first line of cluster.yaml:\n  # yaml-language-server: $schema=gpk.schema.json",
		RunE: func(*cobra.Command, []string) error {
			schema, err := topology.Schema()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, string(schema))
			return err
		},
	}
}

func writeNew(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a file for everybody to read
	if errors.Is(err, fs.ErrExist) {
		return hint(usage("%s exists already and was not changed", path), "name another file, or remove that one")
	}
	if err != nil {
		return usageError{err}
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}
