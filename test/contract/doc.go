// Package contract says what Greenplum's utilities do, by their plain command lines in pods: the lines they print, their exit
// statuses and the catalogue after them. gpk has no part in it. The same must hold of a real Greenplum, from whose releases 6.24.3 and
// 7.1.0 testdata was recorded, and of the stand-in.
//
// The tests need a Kubernetes and an image, and the build tag e2e: `make contract`.
package contract
