package apply

import "gpk/pkg/plan"

// Stop stops the database in a mode of gpstop, and takes its pods away with zero.
func Stop(m Made, mode string, zero bool) (Operation, error) {
	p, err := plan.Stop(m.Cluster, mode, zero)
	return Operation{made: m, plan: p, run: Options{Amid: !zero || m.notUpgrading()}}, err
}

// Start starts the database, with its pods if they were taken away.
func Start(m Made) (Operation, error) {
	p, err := plan.Start(m.Cluster)
	return Operation{made: m, plan: p, run: Options{Amid: m.notUpgrading()}}, err
}

// Restart stops the database in a mode of gpstop and starts it again.
func Restart(m Made, mode string) (Operation, error) {
	p, err := plan.Restart(m.Cluster, mode)
	return Operation{made: m, plan: p, run: Options{Amid: m.notUpgrading()}}, err
}

// notUpgrading says that no upgrade is half done. During one, pods would start a database of two releases.
func (m Made) notUpgrading() bool { return m.unfinished(plan.UpgradeOperation) == nil }
