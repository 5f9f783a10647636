package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/plan"
)

func (a *app) recoverCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Repair the instances that are down",
		Long: `recover makes a cluster healthy. It probes all segments, and repairs every instance that is down by copying what has changed
since. If an instance's volume is empty, it copies all data. It waits until the mirrors are in sync, gives the instances
their preferred roles, and makes a standby if there is none. On a healthy cluster it changes nothing and exits 0.`,
		Example: "  gpk recover\n  gpk recover --full\n  gpk recover --no-rebalance",
	}
	full := cmd.Flags().Bool("full", false, "copy all data of instances that are down from their peers, not only the changes")
	keep := cmd.Flags().Bool("no-rebalance", false, "leave mirrors that act as primaries as they are")
	discard := cmd.Flags().Bool("discard-aside", false, "remove the data of old coordinators that failovers kept; see gpk status")
	a.changes(cmd, func(ctx context.Context, on subject) error {
		healthy := on.made.Ref.Name + " is healthy"
		attempt := func(full bool) error {
			o, err := apply.Recover(on.made, full, !*keep, *discard)
			return a.operate(ctx, on, o, err, sentences{done: healthy, same: healthy + ": there was nothing to recover"})
		}
		err := attempt(*full)
		if !apply.NeedsFullCopy(err) {
			return err
		}
		if !a.agreed("Copying only the changes failed. Copy all data of the instances that are down?") {
			return hint(err, plan.Gpk("recover", "--full"), " copies all data of the instances that are down from their peers")
		}
		return attempt(true)
	})
	return cmd
}

// agreed asks a person, unless --yes has answered. Where there is nobody to ask the answer is no.
func (a *printer) agreed(question string) bool {
	return a.settings.GetBool("yes") || strings.EqualFold(a.answer(question+" [y/N]"), "y")
}
