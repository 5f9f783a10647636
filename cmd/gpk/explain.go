package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// explain says of an error of the API server, or of the way to it, what a person has to know and can type next. It is the
// only place that does: every command's error comes by here.
func (a *finder) explain(err error) error {
	if err == nil || is[*engine.NextError](err) || is[statusError](err) || errors.Is(err, errInterrupted) {
		return err
	}
	if next := missingRight(err); next != "" {
		return hint(err, next)
	}
	if namespace := missingNamespace(err); namespace != "" {
		return hint(fmt.Errorf("the namespace %q does not exist: %w", namespace, err),
			fmt.Sprintf("`kubectl create namespace %s`, or add --create-namespace to `gpk create`", namespace))
	}
	if apierrors.IsUnauthorized(err) {
		return hint(fmt.Errorf("%s does not accept the credentials: %w", a.whichServer(), err),
			"log in again, or name another kubeconfig or context with --kubeconfig or --context")
	}
	if cause := unreachable(err); cause != "" && !errors.Is(err, context.DeadlineExceeded) {
		return hint(fmt.Errorf("%s cannot be reached: %s", a.whichServer(), cause),
			"check that it runs and that this machine can connect to it, or name another one with --kubeconfig or --context")
	}
	if remote.Refused(err) {
		return hint(err, "nothing is known of the pod. Repair the way through the API server, or wait until it takes execs again, "+
			"and run the same command again")
	}
	return err
}

// deniedRight is how the API server's RBAC says no. Other refusals, such as those of quotas, are called forbidden as well.
var deniedRight = regexp.MustCompile(`cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?`)

// missingRight names the verbs and the resources that the user has no right to, "" if that is not what is wrong. An exec
// that is refused comes as the text of a failed upgrade only.
func missingRight(err error) string {
	if !apierrors.IsForbidden(err) && !strings.Contains(err.Error(), "forbidden") {
		return ""
	}
	var rights []string
	for _, match := range deniedRight.FindAllStringSubmatch(err.Error(), -1) {
		right := match[1] + " " + match[2]
		if match[3] != "" {
			right += "." + match[3]
		}
		if match[4] != "" {
			right += " in the namespace " + match[4]
		}
		if !slices.Contains(rights, right) {
			rights = append(rights, right)
		}
	}
	if len(rights) == 0 {
		return ""
	}
	return "ask for the right to " + strings.Join(rights, ", ") +
		"; docs/rights.md lists all rights that gpk needs, and `gpk rbac` prints Roles with them"
}

func missingNamespace(err error) string {
	var status apierrors.APIStatus
	if !apierrors.IsNotFound(err) || !errors.As(err, &status) {
		return ""
	}
	if details := status.Status().Details; details != nil && details.Kind == "namespaces" {
		return details.Name
	}
	return ""
}

// unreachable is why no API server answered, "" if one did.
func unreachable(err error) string {
	var request *url.Error
	var network *net.OpError
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &name):
		return name.Error()
	case errors.As(err, &certificate):
		return certificate.Error()
	case errors.As(err, &network):
		return network.Error()
	case errors.As(err, &request) && !errors.Is(err, context.Canceled):
		return request.Err.Error()
	}
	return ""
}

// whichServer names the API server, and where gpk has it from.
func (a *finder) whichServer() string {
	config, err := a.kubeconfig().ClientConfig()
	if err != nil {
		return "the API server"
	}
	raw, err := a.kubeconfig().RawConfig()
	if err != nil || len(raw.Contexts) == 0 {
		return fmt.Sprintf("the API server %s (of the pod's own account)", config.Host)
	}
	current := cmp.Or(a.settings.GetString("context"), raw.CurrentContext)
	from := "the kubeconfig"
	if context, ok := raw.Contexts[current]; ok && context.LocationOfOrigin != "" {
		from = context.LocationOfOrigin
	}
	return fmt.Sprintf("the API server %s (context %q of %s)", config.Host, current, from)
}

func (a *finder) contexts() ([]string, error) {
	raw, err := a.kubeconfig().RawConfig()
	return slices.Sorted(maps.Keys(raw.Contexts)), err
}

// explainKubeconfig says what is wrong with the kubeconfig, and which contexts there are.
func (a *finder) explainKubeconfig(err error) error {
	contexts, rawErr := a.contexts()
	switch {
	case rawErr != nil:
		return hint(usage("kubeconfig: %w", rawErr), "fix that file, or name another one with --kubeconfig or KUBECONFIG")
	case len(contexts) == 0:
		where := cmp.Or(os.Getenv("KUBECONFIG"), "~/.kube/config")
		return hint(usage("no API server is named: there is no kubeconfig in %s, and gpk does not run in a pod", where),
			"name one with --kubeconfig or KUBECONFIG")
	}
	return hint(usage("kubeconfig: %w", err), "name a context with --context: "+strings.Join(contexts, ", "))
}
