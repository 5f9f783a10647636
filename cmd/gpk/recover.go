package main

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

func (a *app) recoverCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Bring back whatever of a cluster is down",
		Long: `recover makes a cluster whole again: it probes all segments, brings back every instance that is down with what has changed
since, copies all data where an instance's volume is empty, waits until the mirrors are in sync, gives the instances their
preferred roles back, and makes a standby where there is none. Of a cluster that is whole it changes nothing.`,
		Example: "  gpk recover\n  gpk recover --full\n  gpk recover --no-rebalance",
	}
	full := cmd.Flags().Bool("full", false, "copy all data of instances that are down from their peers, instead of what has changed")
	keep := cmd.Flags().Bool("no-rebalance", false, "leave mirrors that act as primaries as they are")
	dryRun := dryRunFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		target, m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		attempt := func(full bool) error {
			o, err := apply.Recover(m, full, !*keep)
			if err != nil {
				return err
			}
			return a.operate(cmd.Context(), target, o, *dryRun, sentences{
				done: engine.Next(m.Ref.Name + " is whole"), same: engine.Next(m.Ref.Name + " is whole: there was nothing to recover")})
		}
		err = attempt(*full)
		if !apply.NeedsFullCopy(err) {
			return err
		}
		if !a.agreed("What has changed could not be copied alone. Copy all data of the instances that are down?") {
			return hint(err, plan.Gpk("recover", "--full"), " copies all data of the instances that are down from their peers")
		}
		return attempt(true)
	}
	return cmd
}

// agreed asks a person, unless --yes has answered. Where there is nobody to ask the answer is no.
func (a *app) agreed(question string) bool {
	if a.settings.GetBool("yes") {
		return true
	}
	if !terminal(a.in) {
		return false
	}
	_, _ = fmt.Fprintf(a.err, "%s [y/N] ", question)
	line, _ := bufio.NewReader(a.in).ReadString('\n')
	return strings.EqualFold(strings.TrimSpace(line), "y")
}
