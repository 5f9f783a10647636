package database

import (
	"context"
	"fmt"
	"time"

	"gpk/pkg/segments"
)

// health.sh gives each host four seconds, and asks 32 at once.
const (
	healthTime  = 10 * time.Second
	healthRound = 4 * time.Second
	healthHosts = 32
)

// Health is what the acting coordinator's pod sees of all pods, by their names.
func (i *Instances) Health(ctx context.Context, acting string, catalogue segments.Catalogue) (map[string]segments.Health, error) {
	var calls []segments.Call
	at := map[string]int{}
	for _, row := range catalogue {
		n, known := at[row.Host]
		if !known {
			n = len(calls)
			at[row.Host] = n
			calls = append(calls, segments.Call{Host: row.Host})
		}
		if row.Up() && row.Pod() != acting {
			calls[n].Args = append(calls[n].Args, fmt.Sprint(row.Port))
		}
	}
	out, err := i.remote.RunSoon(ctx, acting, segments.AskHealth(calls), healthTime+time.Duration(len(calls)/healthHosts)*healthRound)
	if err != nil {
		return nil, err
	}
	byHost, err := segments.ParseHealth(out, calls)
	if err != nil {
		return nil, fmt.Errorf("pod %s: %w", acting, err)
	}
	byPod := map[string]segments.Health{}
	for _, call := range calls {
		byPod[segments.PodOf(call.Host)] = byHost[call.Host]
	}
	return byPod, nil
}
