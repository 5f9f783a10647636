// Command kubectl is Kubernetes' own, of the same version as the servers. It is
// a binary of its own: as one more name of the servers' it would begin each time
// with all that they initialise, a large part of a second that no user pays.
package main

import (
	_ "k8s.io/client-go/plugin/pkg/client/auth" // what a kubeconfig of a cloud names
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	util.CheckErr(cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()))
}
