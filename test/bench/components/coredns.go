package main

import (
	"github.com/coredns/coredns/coremain"

	// Only what the bench's Corefile names: the full set brings three clouds' SDKs.
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/template"
)

// runCoreDNS returns when the server is told to stop; on a fault it exits by itself.
func runCoreDNS() int {
	coremain.Run()
	return 0
}
