package topology

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing wrong with cluster.yaml.
type Fault struct {
	// Line counts from 1. It is 0 when the cluster was not read from a file.
	Line int `json:"line,omitempty"`
	// Field is the path of the field, such as spec.segments.count. It is empty when the fault is of the file as a whole.
	Field string `json:"field,omitempty"`
	// Message has the offending value and what is allowed.
	Message string `json:"message"`
}

// String is the fault on one line: "line 12: spec.segments.count: 0 is not allowed: give 1 to 10000".
func (f Fault) String() string {
	text := f.Message
	if f.Field != "" {
		text = f.Field + ": " + text
	}
	if f.Line > 0 {
		text = fmt.Sprintf("line %d: %s", f.Line, text)
	}
	return text
}

// Faults are all the faults of a cluster.yaml, sorted by line. It is the error of Load and of Validate.
type Faults []Fault

// maxShown is how many faults Error has room for. Whoever has more has given the wrong file.
const maxShown = 200

// Error has one line for each fault.
func (f Faults) Error() string {
	var lines []string
	for _, fault := range f[:min(len(f), maxShown)] {
		lines = append(lines, fault.String())
	}
	if more := len(f) - maxShown; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more faults", more))
	}
	return strings.Join(lines, "\n")
}

// sorted are the faults by line, then by field, each said once.
func (f Faults) sorted() Faults {
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Field, b.Field))
	})
	return slices.Compact(f)
}

// MovingTagError is that nothing is wrong with a cluster but the tag of its image, which is another release tomorrow. A cluster that was
// made with that image can be worked with.
type MovingTagError struct {
	Cluster *Cluster
	Faults
}

// Unwrap are the faults: most callers refuse them as any others.
func (e *MovingTagError) Unwrap() error { return e.Faults }

// errorOf are the faults of a cluster, of which there are some, as an error.
func errorOf(c *Cluster, faults Faults) error {
	faults = faults.sorted()
	if len(faults) == 1 && faults[0].Field == "spec.image" && movingTag(c.Spec.Image) {
		return &MovingTagError{c, faults}
	}
	return faults
}

// covers reports whether the other field is this one or inside it: a fault of this one makes a fault of the other noise.
func covers(field, other string) bool {
	rest, inside := strings.CutPrefix(other, field)
	return inside && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// Nearest is the known name that an unknown one was probably meant to be, or "" if none is near.
func Nearest(unknown string, known []string) string {
	best, distance := "", 1+max(1, len(unknown)/3)
	if len(unknown) > 64 {
		return "" // no name is that long, and the distance takes time by its square
	}
	for _, name := range known {
		if len(unknown) > 2 && strings.HasPrefix(name, unknown) {
			return name
		}
		// The case is most often what is wrong: perpod for perPod.
		if d := editDistance(strings.ToLower(unknown), strings.ToLower(name)); d < distance {
			best, distance = name, d
		}
	}
	return best
}

// editDistance counts the bytes to insert, remove or replace to make one name of the other.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
