// Package e2e runs the built gpk binary as a user would, against a real Kubernetes that is named explicitly:
//
//	GPK_TEST_KUBECONFIG=... GPK_TEST_IMAGE=registry.example/greenplum:7.1.0 go test -tags e2e -timeout 40m ./test/e2e/...
//
// Every test has a namespace of its own, under the restricted pod security standard, and gpk works in it as an account
// that has rights in this namespace only. Facts are read from the catalogue, from the pods and from the API server, never
// from what gpk says alone. The tests are behind the build tag e2e, and fail rather than pass unseen without a cluster.
package e2e
