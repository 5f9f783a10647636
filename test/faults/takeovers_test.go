//go:build faults

package faults

import (
	"fmt"
	"slices"
	"strings"
)

const takeoversIntroduction = `
## Lost coordinators

` + "`make takeovers`" + ` loses the coordinator in a way that a seed chooses, runs ` + "`gpk failover`" + `, in one of three runs from two machines at once, and
recovers the cluster. Meanwhile three clients write and read. Two connect through the clients' Service for each statement; one keeps its session, in the pod of
the coordinator. Each records its requests and the answers, with the times and the address of the coordinator that answered.
[Porcupine](https://github.com/anishathalye/porcupine) then looks for an order of all these operations that a single database could have had.

- **took over**: the standby acts. **refused**: gpk activated no standby, and the old coordinator acted again when the fault was over.
- **lost**: acknowledged rows that are missing. **back**: rows that a read did not find although they had been acknowledged or read before.
- **both**: runs in which a coordinator answered after another one had answered after it.

| database | coordinator lost by | runs | took over | refused | operations | rows acknowledged | lost | back | both |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
`

// takeovers has a row for each database and way to lose a coordinator.
func (r *results) takeovers(b *strings.Builder) {
	if len(r.Takeovers) == 0 {
		return
	}
	b.WriteString(takeoversIntroduction)
	var databases []string
	for _, o := range r.Takeovers {
		if database := r.Versions[o.On].Database; !slices.Contains(databases, database) {
			databases = append(databases, database)
		}
	}
	for _, database := range databases {
		for _, l := range losses() {
			r.takeoverRow(b, database, l.name)
		}
	}
	for _, o := range r.Takeovers {
		if o.Outcome == stuck {
			fmt.Fprintf(b, "\nSeed %d (%s) on `%s` is unfinished.\n", o.Seed, o.Fault, r.Versions[o.On].Database)
		}
	}
}

func (r *results) takeoverRow(b *strings.Builder, database, fault string) {
	runs, over, kept, operations, acknowledged, lost, back, both := 0, 0, 0, 0, 0, 0, 0, 0
	for _, o := range r.Takeovers {
		if o.Fault != fault || r.Versions[o.On].Database != database {
			continue
		}
		runs++
		operations, acknowledged, lost, back = operations+o.Operations, acknowledged+o.Acknowledged, lost+o.Lost, back+o.Back
		switch o.Outcome {
		case tookOver:
			over++
		case refused:
			kept++
		}
		if o.Both != "" {
			both++
		}
	}
	if runs > 0 {
		fmt.Fprintf(b, "| `%s` | %s | %d | %d | %d | %d | %d | %d | %d | %d |\n", database, fault, runs, over, kept, operations, acknowledged, lost,
			back, both)
	}
}
