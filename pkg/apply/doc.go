// Package apply owns what a plan does to a cluster: server-side apply, waiting by watching, the lock, the journal, and the engine
// that carries a plan out. How programs are run inside pods is remote's, and whether pods fit on nodes is fit's. It prints nothing;
// it tells an Observer.
package apply
