// Package settings owns the steps about server settings: whether they are valid, as they were given, and in effect.
package settings

import (
	"gpk/pkg/apply/database"
	"gpk/pkg/apply/remote"
)

// Settings asks the instances for theirs.
type Settings struct {
	remote *remote.Pods
	db     *database.Database
}

// New is for the cluster of these.
func New(r *remote.Pods, d *database.Database) *Settings { return &Settings{remote: r, db: d} }
