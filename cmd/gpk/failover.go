package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
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
		m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		if cmd.Flags().Changed("segment") {
			return a.switchSegment(cmd.Context(), m, *segment, *dryRun)
		}
		if *rollback {
			return a.failBack(cmd.Context(), m, *loss, *dryRun)
		}
		takeover, begun, err := a.takeover(cmd.Context(), m, *force)
		if err != nil {
			return err
		}
		if *loss != "" && *loss != takeover.To {
			return usage("--accept-data-loss %s: the standby that would take over is in pod %s", *loss, takeover.To)
		}
		p := plan.Failover(m.cluster, takeover, plan.FailoverOptions{AcceptLoss: *loss != "", Fenced: *fenced, Force: *force})
		return a.operate(cmd.Context(), m, operation{plan: p, amid: true, begun: begun,
			done: fmt.Sprintf("the coordinator of %s is in pod %s", m.target.Ref.Name, takeover.To),
			same: fmt.Sprintf("the coordinator of %s is in pod %s already", m.target.Ref.Name, takeover.To)}, *dryRun)
	}
	return cmd
}

// takeover is the one that was begun and not finished, or else the one from whoever is, or was, the coordinator. One that has been
// taken back, as far as the decision which pod is to act, is not gone on with.
func (a *app) takeover(ctx context.Context, m made, force bool) (plan.Takeover, *record.Unfinished, error) {
	if u := m.record.Unfinished; u != nil && u.Operation == "failover" {
		_, toAct, err := m.target.Begun(ctx)
		if err != nil {
			return plan.Takeover{}, nil, err
		}
		if toAct == u.To || force {
			takeover, err := plan.TakeoverTo(m.cluster, u.To)
			return takeover, u, err
		}
	}
	var both []string
	for _, instance := range topology.New(m.cluster).Instances {
		if instance.Content == topology.CoordinatorContent {
			both = append(both, instance.Pod)
		}
	}
	from, to, healthy, err := m.target.Takeover(ctx, both)
	if err != nil {
		return plan.Takeover{}, nil, err
	}
	if healthy && !force {
		return plan.Takeover{}, nil, hint(fmt.Errorf("the coordinator in pod %s answers: nothing was changed", from),
			"gpk failover --force switches to pod "+to+" all the same")
	}
	begun := &record.Unfinished{Operation: "failover", Since: time.Now().UTC(), Resume: "gpk failover", Undo: "gpk failover --rollback", To: to}
	return plan.Takeover{From: from, To: to}, begun, nil
}

// failBack has the coordinator act again that a takeover has put out of the way, if there is one that has not come to its end. loss
// names that coordinator's pod where the standby cannot be asked.
func (a *app) failBack(ctx context.Context, m made, loss string, dryRun bool) error {
	begun, toAct, err := m.target.Begun(ctx)
	if err != nil {
		return err
	}
	u := m.record.Unfinished
	if recorded := u != nil && u.Operation == "failover"; recorded {
		toAct = u.To
	} else if u = nil; !begun {
		return a.operate(ctx, m, operation{plan: plan.Plan{Operation: "failover", Cluster: m.target.Ref}, amid: true,
			same: fmt.Sprintf("no failover of %s is to be taken back: its coordinator is in pod %s", m.target.Ref.Name, toAct)}, dryRun)
	}
	takeover, err := plan.TakeoverTo(m.cluster, toAct)
	if err != nil {
		return err
	}
	if loss != "" && loss != takeover.From {
		return usage("--accept-data-loss %s: the coordinator that would act again is in pod %s", loss, takeover.From)
	}
	return a.operate(ctx, m, operation{plan: plan.FailoverBack(m.cluster, takeover, loss != ""), amid: true, begun: u,
		done: fmt.Sprintf("the coordinator of %s is in pod %s again", m.target.Ref.Name, takeover.From),
		same: fmt.Sprintf("the coordinator of %s is in pod %s", m.target.Ref.Name, takeover.From)}, dryRun)
}

func (a *app) switchSegment(ctx context.Context, m made, content int32, dryRun bool) error {
	if content >= 0 && content < m.cluster.Spec.Segments.Count && !m.cluster.HasMirrors() {
		return hint(fmt.Errorf("content %d has no mirror: %s was made without mirrors, and nothing was changed", content, m.target.Ref.Name),
			"restart the segment's pod if it does not answer; spec.segments.mirrors gives the next cluster mirrors")
	}
	return a.operate(ctx, m, operation{plan: plan.Switch(m.cluster, content),
		done: fmt.Sprintf("the mirror of content %d is its primary now, and the other way round", content)}, dryRun)
}
