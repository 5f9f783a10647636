package apply

import (
	"errors"

	"gpk/pkg/apply/steps/recovery"
	"gpk/pkg/plan"
)

// Recover brings back whatever is down. full copies all data of instances that are down, and rebalance gives the instances their
// preferred roles back.
func Recover(m Made, full, rebalance bool) (Operation, error) {
	p, err := plan.Recover(m.Cluster, full, rebalance)
	return Operation{made: m, plan: p, amid: true}, err
}

// NeedsFullCopy says whether a recovery failed because what has changed could not be copied alone: with full it can be done.
func NeedsFullCopy(err error) bool {
	var incremental *recovery.IncrementalError
	return errors.As(err, &incremental)
}
