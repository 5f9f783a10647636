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
			if n, ok := wholeSetting(value); !ok || n < leastConnections || n > mostConnections {
				v.refuse(at, string(value), "give %d to %d; the segments get %d times as many", leastConnections, mostConnections, connectionFactor)
			}
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
		case "statement_mem", "max_statement_mem":
			if n, ok := memorySetting(value); !ok || n < 1000 {
				v.refuse(at, string(value), "give an amount with its unit, such as 125MB, 1000kB at least")
			}
		}
	}
}

// fits refuses what each instance of a pod would take, in kB, and the pod doesn't have.
func (v *validator) fits(c *Cluster, path *field.Path, value Setting, kB int64) {
	for _, pod := range []struct {
		name      string
		component Component
		instances int64
	}{{"the coordinator's", CoordinatorComponent, 1}, {"a segment", PrimaryComponent, int64(max(c.Spec.Segments.PerPod, 1))}} {
		if part := memoryMiB(c, pod.component) / pod.instances; part > 0 && kB > part<<10 {
			v.refuse(path, string(value), "give at most %d MB, an instance's part of the memory of %s pod", part, pod.name)
			return
		}
	}
}
