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
		Long: `failover makes the standby coordinator the acting one when the coordinator is gone: it sees to it that the old one takes no
writes any more, whether its pod can be reached or not, activates the standby, leads the clients' Service to it, and makes a
new standby of the old coordinator's pod where that runs.

It refuses while the coordinator answers, unless --force asks for a planned switch, and when the standby lacks transactions
that clients were told are done, unless --accept-data-loss names its pod. One that cannot go on before the standby has been
activated is taken back by --rollback.`,
		Example: "  gpk failover\n  gpk failover --force\n  gpk failover --accept-data-loss demo-coordinator-1\n" +
			"  gpk failover --rollback\n  gpk failover --segment 3",
	}
	force := cmd.Flags().Bool("force", false, "switch from a coordinator that is well, which is stopped cleanly first")
	loss := cmd.Flags().String("accept-data-loss", "", "pod of a standby that may take over although it lacks transactions")
	fenced := cmd.Flags().Bool("fenced", false, "the old coordinator's node is known to be off: do not ask the network")
	rollback := cmd.Flags().Bool("rollback", false, "take a failover back that has not activated the standby: the coordinator acts again")
	segment := cmd.Flags().Int32("segment", 0, "make the mirror of this content its primary, instead of changing coordinators")
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
				done: engine.Next(fmt.Sprintf("the mirror of content %d is its primary now, and its primary is its mirror", *segment))})
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
