//go:build faults

package faults

import (
	"fmt"
	"os"
	"strings"
)

// page is what the results are written to. Its first part is for readers; the rest follows from results.json alone.
const page = "../../docs/faults.md"

const introduction = `# Faults

Each mutating command ran with a fault at each of its steps. ` + "`make faults`" + ` runs the cases and writes this page. After the fault, the same
command ran again in a new process. Meanwhile, a client wrote rows and recorded which ones the database acknowledged.

A cell has three numbers: cases tried, cases converged, rows lost. A case has *converged* if all of this is true:

- The command ended with exit status 0: by itself, again in a new process, or after the command that gpk advised.
- ` + "`gpk status`" + ` found no fault afterwards, in some cases after ` + "`gpk recover`" + `.
- Nothing was left: no held lock, no unfinished operation, no utility, and no pod that is not part of the cluster.

A cell with – was not tried. The database is the stand-in: PostgreSQL with programs that honour the contract of Greenplum's utilities.

| column | fault |
| --- | --- |
| undisturbed | none: the command as it runs on a good day |
| killed-before | gpk is killed when it notes that it starts the step |
| killed-in | gpk is killed at one of the step's requests |
| killed-after | gpk is killed when the step is complete, before gpk notes that |
| exec-cut | all streams to pods are cut, five times in two seconds |
| refused | during the step, the API server refuses each fifth request with status 429, 500 or 409 |
| second-gpk | another gpk runs the same command at the same time |
| pod-deleted | the pod in which gpk ran its latest program is deleted |
| disk-full | the volume of the first primary is full until gpk has ended |
| api-restarted | the API server is killed and starts again |
| node-killed | the node of that pod loses its power, and has it again when gpk has ended |
| partitioned | the node of that pod loses its network, and has it again when gpk has ended |

`

// report writes the page.
func (r *results) report() error {
	if shared.wanted.sample {
		return nil
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var b strings.Builder
	b.WriteString(introduction)
	r.table(&b)
	r.exceptions(&b)
	r.takeovers(&b)
	b.WriteString("\n## Versions\n\n| date | gpk | database | Kubernetes | cases |\n| --- | --- | --- | --- | --- |\n")
	for i, v := range r.Versions {
		count := 0
		for _, o := range r.Cases {
			if o.On == i {
				count++
			}
		}
		for _, o := range r.Takeovers {
			if o.On == i {
				count++
			}
		}
		if count > 0 {
			fmt.Fprintf(&b, "| %s | %s | `%s` | %s | %d |\n", v.Date, v.GPK, v.Database, v.Kubernetes, count)
		}
	}
	return os.WriteFile(page, []byte(b.String()), 0o644)
}

// table has a row for each command and a column for each fault.
func (r *results) table(b *strings.Builder) {
	b.WriteString("## Results\n\n| command | steps |")
	for _, f := range faults() {
		fmt.Fprintf(b, " %s |", f.name)
	}
	b.WriteString("\n| --- | --- |" + strings.Repeat(" --- |", len(faults())) + "\n")
	for _, c := range commands() {
		steps := "–"
		if known := r.Steps[c.name]; len(known) > 0 {
			steps = fmt.Sprint(len(known))
		}
		fmt.Fprintf(b, "| %s | %s |", c.name, steps)
		for _, f := range faults() {
			fmt.Fprintf(b, " %s |", r.cell(c.name, f.name))
		}
		b.WriteString("\n")
	}
}

// cell is how many cases were tried and have converged, and how many rows were lost.
func (r *results) cell(command, fault string) string {
	tried, converged, lost := 0, 0, 0
	for _, o := range r.Cases {
		if o.Command != command || o.Fault != fault || o.Outcome == idle {
			continue
		}
		tried++
		lost += o.Lost
		if o.Outcome != stuck && o.Outcome != decides {
			converged++
		}
	}
	if tried == 0 {
		return "–"
	}
	return fmt.Sprintf("%d / %d / %d", tried, converged, lost)
}

// exceptions are the cases that took more than the same command again, and those that did not converge.
func (r *results) exceptions(b *strings.Builder) {
	rows, acknowledged := 0, 0
	var lines []string
	for _, o := range r.Cases {
		if o.Outcome != idle {
			rows++
			acknowledged += o.Acknowledged
		}
		switch {
		case o.Outcome == stuck:
			lines = append(lines, fmt.Sprintf("| `%s` | %d | not converged |", o.title(), o.Seed))
		case o.Outcome == decides:
			lines = append(lines, fmt.Sprintf("| `%s` | %d | gpk stopped, and a person must decide |", o.title(), o.Seed))
		case o.Outcome == advised:
			command := "another command"
			if o.Said != "" {
				command = "`" + o.Said + "`"
			}
			lines = append(lines, fmt.Sprintf("| `%s` | %d | converged after %s, which gpk advised |", o.title(), o.Seed, command))
		case o.Then != "":
			lines = append(lines, fmt.Sprintf("| `%s` | %d | converged; `gpk status` found faults until `%s` |", o.title(), o.Seed, o.Then))
		}
	}
	fmt.Fprintf(b, "\nCases: %d. Rows that the database acknowledged in them: %d.\n", rows, acknowledged)
	if len(lines) > 0 {
		b.WriteString("\n## Exceptions\n\n| case | seed | outcome |\n| --- | --- | --- |\n" + strings.Join(lines, "\n") + "\n")
	}
}
