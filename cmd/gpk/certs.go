package main

import (
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"gpk/pkg/apply"
)

func (a *app) certsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "certs",
		Short: "Show the cluster's certificates, and when they expire",
		Long: `certs shows the certificates by which the cluster's pods know each other, and those that the coordinator and the standby show
to clients. It warns from 30 days before the end of one.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			target, err := a.existing(cmd.Context())
			if err != nil {
				return err
			}
			found, err := apply.CertificatesOf(cmd.Context(), target)
			if err != nil {
				return err
			}
			return a.print(found, certsText(found))
		},
	}
}

func certsText(found apply.Certificates) string {
	var text table
	text.line("EXPIRES\tOF\tSUBJECT\tISSUER\tNAMES")
	for _, c := range found.Certificates {
		text.line("%s\t%s\t%s\t%s\t%s", c.Expires.Format("2006-01-02"), c.Of, c.Subject, c.Issuer, strings.Join(c.Names, " "))
	}
	for _, warning := range found.Warnings {
		text.line("%s %s", color.YellowString("!"), warning)
	}
	return text.String()
}
