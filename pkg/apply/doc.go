// Package apply owns everything that is Kubernetes: server-side apply, waiting by watching, exec, durable jobs, the lock, the
// journal, and the engine that carries a plan out. It prints nothing; it tells an Observer.
package apply
