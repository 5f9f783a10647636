//go:build !linux

// Command bench brings up a real Kubernetes on one Linux machine.
package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintf(os.Stderr, "bench: the bench needs Linux: containers run on its kernel, and this is %s\n", runtime.GOOS)
	os.Exit(1)
}
