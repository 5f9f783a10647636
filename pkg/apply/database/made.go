package database

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Made says whether there is a database, or gpinitsystem is at it, from facts alone: the clients' Service, the notes on the coordinators'
// volumes, and the catalogue. A database that was there once is known by the Service even while no pod runs.
func (d *Database) Made(ctx context.Context, unmade plan.Unmade) (made bool, err error) {
	if made, err = d.exposed(ctx, unmade.Service); !made && err == nil {
		made, err = d.initialised(ctx, unmade.Instances)
	}
	if err != nil {
		return false, fmt.Errorf("finding out whether %s has been made: %w", d.kube.Ref.Name, err)
	}
	return made, nil
}

// exposed says whether the clients' Service leads to a coordinator, which it does once the database has been ready.
func (d *Database) exposed(ctx context.Context, service string) (bool, error) {
	k := d.kube
	found, err := k.API.CoreV1().Services(k.Ref.Namespace).Get(ctx, service, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil && len(found.Spec.Selector) > 0, err
}

// initialised asks the coordinators' pods that run.
func (d *Database) initialised(ctx context.Context, instances []topology.Instance) (bool, error) {
	pods, err := d.RunningCoordinatorPods(ctx)
	if err != nil {
		return false, err
	}
	for _, pod := range pods {
		facts, err := d.Facts(ctx, []PodDirs{{Pod: pod}})
		if err != nil || facts[pod].Marker == segments.Initialised {
			return err == nil, err
		}
		state, err := d.Coordinators.remote.Job(pod, "gpinitsystem").State(ctx)
		if err != nil || state.Phase == "running" {
			return err == nil, err
		}
	}
	acting, err := d.Acting(ctx)
	if errors.Is(err, ErrNoCoordinator) {
		return false, nil
	}
	return err == nil && len(acting.Catalogue.Missing(instances)) == 0, err
}

// Empty are those of the pods without an instance on their volumes, by their own answers.
func (d *Database) Empty(ctx context.Context, instances []topology.Instance, pods []string) ([]string, error) {
	var asked []PodDirs
	for _, pod := range ByPod(instances) {
		for _, name := range pods {
			if pod.Pod == name {
				asked = append(asked, pod)
			}
		}
	}
	facts, err := d.Facts(ctx, asked)
	if err != nil {
		return nil, err
	}
	var empty []string
	for _, pod := range asked {
		if fact := facts[pod.Pod]; !fact.Present() && fact.Marker != segments.Initialised {
			empty = append(empty, pod.Pod)
		}
	}
	return empty, nil
}
