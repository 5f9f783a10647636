// Package topology owns cluster.yaml and what follows from it without asking anybody: the types of the file, strict
// loading with every fault at once, defaults, and the segment-to-pod topology with its requests, limits and derived
// settings. It knows nothing of Kubernetes clients or of Greenplum's utilities.
package topology
