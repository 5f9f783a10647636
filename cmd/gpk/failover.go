package main

import (
	"context"
	"fmt"

	"gpk/pkg/apply"

	"github.com/spf13/cobra"
)

func (a *app) failoverCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "failover",
		Short: "Make the standby the coordinator",
		Long: `failover makes the standby the acting coordinator if the coordinator has failed. It first makes sure that the old
coordinator takes no more writes, even if its pod is unreachable. It then activates the standby and points the clients'
Service to it. If the old coordinator's pod runs, gpk makes the new standby in it.

failover refuses while the coordinator answers: --force asks for a planned switch. It also refuses if the standby lacks
transactions that the coordinator has confirmed to clients: --accept-data-loss names the standby's pod and accepts the loss.
If a failover fails before it has activated the standby, --rollback undoes it.`,
		Example: "  gpk failover\n  gpk failover --force\n  gpk failover --accept-data-loss demo-coordinator-1\n" +
			"  gpk failover --rollback\n  gpk failover --segment 3",
	}
	force := cmd.Flags().Bool("force", false, "switch from a healthy coordinator; gpk stops it cleanly first")
	loss := cmd.Flags().String("accept-data-loss", "", "pod of the standby that may take over although it lacks transactions")
	fenced := cmd.Flags().Bool("fenced", false, "the old coordinator's node is switched off: do not check that over the network")
	rollback := cmd.Flags().Bool("rollback", false, "undo a failover that has not activated the standby yet: the old coordinator acts again")
	segment := cmd.Flags().Int32("segment", 0, "make the mirror of this content its primary, instead of switching the coordinator")
	excludes(cmd, "segment", "force", "fenced", "accept-data-loss")
	excludes(cmd, "rollback", "force", "fenced", "segment")
	a.changes(cmd, func(ctx context.Context, on subject) error {
		switch {
		case cmd.Flags().Changed("segment"):
			o, err := apply.Switch(on.made, *segment)
			now := fmt.Sprintf("the primary and the mirror of content %d have switched roles", *segment)
			return a.operate(ctx, on, o, err, sentences{done: now, same: now + " already"})
		case *rollback:
			o, acts, undoes, err := apply.FailBack(ctx, on.target, on.made, *loss)
			now := fmt.Sprintf("the coordinator of %s is in pod %s", on.made.Ref.Name, acts)
			say := sentences{done: now + " again", same: now}
			if !undoes {
				say.same = fmt.Sprintf("no failover of %s is unfinished: its coordinator is in pod %s", on.made.Ref.Name, acts)
			}
			return a.operate(ctx, on, o, err, say)
		}
		o, takeover, err := apply.Failover(ctx, on.target, on.made, *force, *fenced, *loss)
		now := fmt.Sprintf("the coordinator of %s is in pod %s", on.made.Ref.Name, takeover.To)
		return a.operate(ctx, on, o, err, sentences{done: now, same: now + " already"})
	})
	return cmd
}
