package main

import (
	"context"
	"fmt"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"

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
	dryRun := dryRunFlag(cmd)
	excludes(cmd, "segment", "force", "fenced", "accept-data-loss")
	excludes(cmd, "rollback", "force", "fenced", "segment")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		target, m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		switch {
		case cmd.Flags().Changed("segment"):
			o, err := apply.Switch(m, *segment)
			if err != nil {
				return err
			}
			return a.operate(cmd.Context(), target, o, *dryRun, sentences{
				done: engine.Next(fmt.Sprintf("the primary and the mirror of content %d have switched roles", *segment))})
		case *rollback:
			return a.failBack(cmd.Context(), target, m, *loss, *dryRun)
		}
		o, takeover, err := apply.Failover(cmd.Context(), target, m, apply.FailoverOptions{Force: *force, Fenced: *fenced, AcceptLoss: *loss})
		if err != nil {
			return err
		}
		now := fmt.Sprintf("the coordinator of %s is in pod %s", m.Ref.Name, takeover.To)
		return a.operate(cmd.Context(), target, o, *dryRun, sentences{done: engine.Next(now), same: engine.Next(now + " already")})
	}
	return cmd
}

// failBack takes back an unfinished failover.
func (a *app) failBack(ctx context.Context, target *apply.Target, m apply.Made, loss string, dryRun bool) error {
	o, acts, undoes, err := apply.FailBack(ctx, target, m, loss)
	if err != nil {
		return err
	}
	now := fmt.Sprintf("the coordinator of %s is in pod %s", m.Ref.Name, acts)
	say := sentences{done: engine.Next(now + " again"), same: engine.Next(now)}
	if !undoes {
		say.same = engine.Next(fmt.Sprintf("no failover of %s is unfinished: its coordinator is in pod %s", m.Ref.Name, acts))
	}
	return a.operate(ctx, target, o, dryRun, say)
}
