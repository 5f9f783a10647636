package topology

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The bounds of max_connections: Greenplum's least, and what leaves the segments' multiple below PostgreSQL's most.
const (
	leastConnections = 10
	mostConnections  = 262143 / connectionFactor
)

// limits refuses values of config that the instances could not start with or would not survive.
func (v *validator) limits(c *Cluster, path *field.Path) {
	connections := newTuning(c).clientConnections()
	for _, name := range sortedKeys(c.Spec.Database.Config) {
		at, value := path.Key(name), c.Spec.Database.Config[name]
		switch strings.ToLower(name) {
		case "max_connections":
			v.connectionsFit(c, at, value)
		case "max_prepared_transactions":
			if n, ok := wholeSetting(value); !ok || n < connections {
				v.refuse(at, string(value), "give at least max_connections, %d: each session may have a prepared transaction", connections)
			}
		case "gp_vmem_protect_limit":
			if n, ok := wholeSetting(value); !ok || n < 0 {
				v.refuse(at, string(value), "give a whole number of MB, without the unit")
			} else {
				v.fits(c, at, value, n<<10)
			}
		case "shared_buffers":
			if n, ok := memorySetting(value); !ok || n < 128 {
				v.refuse(at, string(value), "give an amount with its unit, such as 512MB, 128kB at least")
			} else {
				v.fits(c, at, value, n)
			}
		case StatementMem, MostStatement:
			v.statement(c, at, strings.ToLower(name), value)
		}
	}
}

// statement refuses memory of a statement that the server would not start with.
func (v *validator) statement(c *Cluster, path *field.Path, name string, value Setting) {
	n, ok := memorySetting(value)
	most, given := newTuning(c).config[MostStatement]
	switch {
	case !ok || n < 1000:
		v.refuse(path, string(value), "give an amount with its unit, such as 125MB, 1000kB at least")
	case name == MostStatement || n < newTuning(c).mostStatement():
	case given:
		v.refuse(path, string(value), "give less than %s, %s", MostStatement, most)
	default:
		v.refuse(path, string(value), "give less than %dMB, or a higher %s as well", maxStatement, MostStatement)
	}
}

// part is what each instance of a component's pod has of its memory, in MiB; 0 if nobody says.
type part struct {
	name   string
	mib    int64
	factor int64
}

func parts(c *Cluster) []part {
	t := newTuning(c)
	return []part{{"the coordinator's", t.coordinator.each(), 1}, {"a segment", t.segment.each(), connectionFactor}}
}

// fits refuses what each instance of a pod would take, in kB, and the pod doesn't have.
func (v *validator) fits(c *Cluster, path *field.Path, value Setting, kB int64) {
	for _, pod := range parts(c) {
		if pod.mib > 0 && kB > pod.mib<<10 {
			v.refuse(path, string(value), "give at most %d MB, an instance's part of the memory of %s pod", pod.mib, pod.name)
			return
		}
	}
}

// connectionsFit refuses too few and too many connections, and those for which shared_buffers would be derived that the pod
// doesn't have.
func (v *validator) connectionsFit(c *Cluster, path *field.Path, value Setting) {
	connections, ok := wholeSetting(value)
	if !ok || connections < leastConnections || connections > mostConnections {
		v.refuse(path, string(value), "give %d to %d; the segments get %d times as many", leastConnections, mostConnections, connectionFactor)
		return
	}
	if _, given := newTuning(c).config["shared_buffers"]; given {
		return
	}
	for _, pod := range parts(c) {
		if most := pod.mib << 10 / (connectionBuffers * pod.factor); pod.mib > 0 && connections > most {
			v.refuse(path, string(value), "give at most %d: the shared_buffers for more would not fit in an instance's part, %d MB, "+
				"of the memory of %s pod", most, pod.mib, pod.name)
			return
		}
	}
}
