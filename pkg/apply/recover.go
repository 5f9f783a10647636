package apply

import (
	"errors"

	"gpk/pkg/apply/steps/recovery"
	"gpk/pkg/plan"
)

// Recover brings back whatever is down. full copies all data of what is down, rebalance gives instances their preferred roles, and discard
// removes the data of old coordinators that a failover kept.
func Recover(m Made, full, rebalance, discard bool) (Operation, error) {
	p, err := plan.Recover(m.Cluster, full, rebalance, discard)
	return Operation{made: m, plan: p, run: Options{Amid: true}}, err
}

// NeedsFullCopy says whether a recovery failed because what has changed could not be copied alone: with full it can be done.
func NeedsFullCopy(err error) bool {
	_, incremental := errors.AsType[*recovery.IncrementalError](err)
	return incremental
}
