package database

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Conversion finds what an earlier gpk made, and converts it: instances whose hosts have full names, and that know each other by these.
type Conversion struct {
	remote       *remote.Pods
	store        *record.Store
	coordinators *Coordinators
	instances    *Instances
}

// NamedByEarlier says what shows that an earlier gpk made the database: its decisions, or the catalogue where these are lost. Nothing
// shows it once the database starts with converted files.
func (c *Conversion) NamedByEarlier(ctx context.Context) (string, error) {
	state, err := c.store.State(ctx)
	if err != nil {
		return "", err
	}
	if hosts := strings.Fields(state[plan.StateHosts]); state[plan.StateCoordinator] != "" && len(hosts) > 0 {
		if segments.FullName(hosts[0]) {
			return fmt.Sprintf("ConfigMap/%s has the host %s", plan.StateName(c.coordinators.kube.Ref.Name), hosts[0]), nil
		}
		return "", nil
	}
	acting, err := c.coordinators.Acting(ctx)
	if err != nil {
		// Whoever needs the coordinator says why it does not answer.
		return "", ctx.Err()
	}
	return inCatalogue(acting), nil
}

func inCatalogue(acting Acting) string {
	if hosts := acting.Catalogue.FullNames(); len(hosts) > 0 {
		return "the catalogue in pod " + acting.Pod + " has the host " + hosts[0]
	}
	return ""
}

// Unconverted says what shows that the database must be stopped and converted: decisions, the catalogue, or files of a coordinator, which
// are converted last. Empty: it is converted.
func (c *Conversion) Unconverted(ctx context.Context) (string, error) {
	if found, err := c.NamedByEarlier(ctx); err != nil || found != "" {
		return found, err
	}
	acting, err := c.coordinators.Acting(ctx)
	if err != nil && !errors.Is(err, ErrNoCoordinator) {
		return "", err
	}
	if found := inCatalogue(acting); found != "" {
		return found, nil
	}
	for pod := range acting.Pods {
		out, err := c.remote.RunSoon(ctx, pod, segments.ConvertScript("check", topology.CoordinatorDir), AskTimeout)
		if exit, exited := errors.AsType[*remote.Error](err); exited && exit.Status == noScript {
			// A pod that runs for less than two minutes longer than this gpk's scripts are there: another gpk of this kind made it.
			continue
		}
		if err != nil {
			return "", err
		}
		old, err := segments.ParseConvert(out)
		if err != nil {
			return "", err
		}
		if len(old) > 0 {
			return old[0] + " in pod " + pod, nil
		}
	}
	return "", nil
}

// noScript is bash's exit status where a script is not there.
const noScript = 127

// OldFiles are the files of instances that are not converted yet, asked from a coordinator's pod.
func (c *Conversion) OldFiles(ctx context.Context, from string, instances []topology.Instance) ([]string, error) {
	return c.instances.files(ctx, from, "convert.sh", hbaKind{pods: ByPod(instances)}, segments.ParseConvert)
}

// ConvertFiles converts the files of instances, none of which may run: first those of segments, then those of both coordinators.
func (c *Conversion) ConvertFiles(ctx context.Context, from string, instances []topology.Instance, wanted plan.Authentication) error {
	for _, kind := range slices.Backward(hbaKinds(instances, wanted)) {
		if _, err := c.instances.everywhere(ctx, from, "convert.sh", "files", kind.pods, kind.hba); err != nil {
			return err
		}
	}
	return nil
}
