package apply

import (
	"errors"

	"gpk/pkg/apply/steps/recovery"
	"gpk/pkg/plan"
)

// Recover brings back whatever is down. full copies all data of what is down, and rebalance gives instances their preferred roles.
func Recover(m Made, full, rebalance bool) (Operation, error) {
	p, err := plan.Recover(m.Cluster, full, rebalance)
	return Operation{made: m, plan: p, run: Options{Amid: true}}, err
}

// NeedsFullCopy says whether a recovery failed because what has changed could not be copied alone: with full it can be done.
func NeedsFullCopy(err error) bool {
	_, incremental := errors.AsType[*recovery.IncrementalError](err)
	return incremental
}
