package main

import (
	"bytes"

	"github.com/spf13/cobra"

	"gpk/pkg/topology"
)

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
			_, err = a.out.Write(append(bytes.TrimRight(schema, "\n"), '\n'))
			return err
		},
	}
}
