package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

// runEtcd does not return: etcdmain exits by itself.
func runEtcd() int {
	etcdmain.Main(os.Args)
	return 0
}
