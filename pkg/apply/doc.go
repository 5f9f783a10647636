// Package apply has a file for each operation on a cluster, readable as its table of contents: what it is planned from, what is kept
// of it, and what follows. Run and Preview carry a plan out by the rooms below: steps does it, engine decides what is left to do. It
// prints nothing; it tells Observers.
package apply
