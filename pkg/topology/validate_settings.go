package topology

import (
	"regexp"
	"sort"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// mostConnections is what of max_connections leaves the segments' multiple below PostgreSQL's most.
const mostConnections = 262143 / connectionFactor

// defaultReserved is superuser_reserved_connections, which the utilities' own connections are among.
const defaultReserved = 10

// boundedSettings refuses values of config that the instances could not start with or would not survive.
func (v *validator) boundedSettings(c *Cluster, path *field.Path) {
	t := newTuning(c)
	for _, name := range sortedKeys(c.Spec.Database.Config) {
		at, value := path.Key(name), c.Spec.Database.Config[name]
		switch strings.ToLower(name) {
		case "max_connections":
			v.connectionsFit(t, at, value)
		case "max_prepared_transactions":
			connections := t.clientConnections()
			_, both := t.config["max_connections"]
			if n, ok := wholeSetting(value); !ok || n < connections {
				v.refuse(at, string(value), "give at least max_connections, %d: each session may have a prepared transaction", connections)
			} else if !both {
				v.preparedFit(t, at, value)
			}
		case "gp_vmem_protect_limit":
			v.vmemLimit(t, at, value)
		case "shared_buffers":
			v.sharedBuffers(t, at, value)
		case "superuser_reserved_connections":
			v.reservedConnections(t, at, value)
		case "gp_resource_manager":
			if manager := strings.ToLower(string(value)); manager == "group" || manager == "group-v2" {
				v.refuse(at, string(value), "give queue or none: resource groups need a cgroup to write to, which no restricted pod has")
			}
		case "max_wal_senders":
			v.enoughForCopies(c, at, value, 2, "a mirror or standby takes two while it is made")
		case "max_replication_slots":
			v.enoughForCopies(c, at, value, 1, "a mirror or standby takes one")
		case StatementMem, MostStatement:
			v.statementMemory(t, at, strings.ToLower(name), value)
		}
	}
}

func (v *validator) vmemLimit(t tuning, path *field.Path, value Setting) {
	if n, ok := wholeSetting(value); !ok || n < leastVmem() {
		v.refuse(path, string(value), "give a whole number of MB, without the unit, %d at least: no database works with less", leastVmem())
	} else if v.fits(t, path, value, n<<10) {
		v.fitTogether(t, path, value)
	}
}

// sharedBuffers leaves it to gp_vmem_protect_limit, if that is given too, to fit together with it.
func (v *validator) sharedBuffers(t tuning, path *field.Path, value Setting) {
	_, both := t.config["gp_vmem_protect_limit"]
	if n, ok := memorySetting(value); !ok || n < 128 {
		v.refuse(path, string(value), "give an amount with its unit, such as 512MB, 128kB at least")
	} else if v.fits(t, path, value, n) && !both {
		v.fitTogether(t, path, value)
	}
}

// statementMemory refuses memory of a statement that the server would not start with.
func (v *validator) statementMemory(t tuning, path *field.Path, name string, value Setting) {
	n, ok := memorySetting(value)
	most, given := t.config[MostStatement]
	switch {
	case !ok || n < 1000:
		v.refuse(path, string(value), "give an amount with its unit, such as 125MB, 1000kB at least")
	case name == MostStatement || n < t.mostStatement():
	case given:
		v.refuse(path, string(value), "give less than %s, %s", MostStatement, most)
	default:
		v.refuse(path, string(value), "give less than %dMB, or a higher %s as well", maxStatement, MostStatement)
	}
}

// leastVmem is the gp_vmem_protect_limit in MB that is derived for the least pod.
func leastVmem() int64 {
	least := resource.MustParse(minMemory)
	return vmem(share{memory: least.Value() >> 20, instances: 1}, 0)
}

// fits refuses what each instance of a pod would take, in kB, and the pod doesn't have.
func (v *validator) fits(t tuning, path *field.Path, value Setting, kB int64) bool {
	for _, s := range t.shares() {
		if kB > s.each()<<10 {
			v.refuse(path, string(value), "give at most %d MB, an instance's part of the memory of %s pod", s.each(), s.pod)
			return false
		}
	}
	return true
}

// fitTogether refuses shared_buffers and gp_vmem_protect_limit, which does not count them, that together exceed an instance's part.
func (v *validator) fitTogether(t tuning, path *field.Path, value Setting) {
	for _, s := range t.shares() {
		switch buffers, vmem := t.buffers(s), t.vmem(s); {
		case buffers+vmem > s.each():
			v.refuse(path, string(value), "shared_buffers of %d MB and gp_vmem_protect_limit of %d MB exceed an instance's part, %d MB, "+
				"of the memory of %s pod: give less, or the pod more memory", buffers, vmem, s.each(), s.pod)
			return
		case vmem < leastVmem():
			v.refuse(path, string(value), "it leaves %d MB for gp_vmem_protect_limit in an instance's part, %d MB, of the memory of %s pod; "+
				"the database needs %d: give less, or the pod more memory", vmem, s.each(), s.pod, leastVmem())
			return
		}
	}
}

// reservedConnections refuses that all connections are for superusers. With max_connections given, that one is refused.
func (v *validator) reservedConnections(t tuning, path *field.Path, value Setting) {
	n, ok := wholeSetting(value)
	_, both := t.config["max_connections"]
	if most := t.clientConnections() - 1; !ok || n < 1 || n > most && !both {
		v.refuse(path, string(value), "give 1 to %d, less than max_connections", most)
	}
}

// enoughForCopies refuses less than what a mirror or standby takes, if there is one.
func (v *validator) enoughForCopies(c *Cluster, path *field.Path, value Setting, least int64, why string) {
	if n, ok := wholeSetting(value); (!ok || n < least) && (c.HasMirrors() || c.HasStandby()) {
		v.refuse(path, string(value), "give %d at least: %s", least, why)
	}
}

// connectionsFit refuses too few and too many connections, and those whose shared memory would not fit into the pod.
func (v *validator) connectionsFit(t tuning, path *field.Path, value Setting) {
	connections, ok := wholeSetting(value)
	reserved, given := wholeSetting(t.config["superuser_reserved_connections"])
	if !given {
		reserved = defaultReserved
	}
	if !ok || connections <= reserved || connections > mostConnections {
		v.refuse(path, string(value), "give %d to %d, more than the superuser_reserved_connections; the segments get %d times as many",
			reserved+1, mostConnections, connectionFactor)
		return
	}
	most, tight := int(connections), share{}
	for _, s := range t.shares() {
		// Search finds the first that does not fit.
		first := sort.Search(most+1, func(n int) bool { return t.sharedMemory(s, int64(n)) > t.room(s) })
		if first <= most {
			most, tight = first-1, s
		}
	}
	if most < int(connections) {
		v.refuse(path, string(value), "give at most %d, or the pod more memory: the shared memory for more does not fit next to "+
			"gp_vmem_protect_limit into an instance's %d MB of %s pod", max(most, 0), tight.each(), tight.pod)
	}
}

// room is what of an instance's part of the memory its shared memory may take, in kB. What a given gp_vmem_protect_limit leaves for the
// buffers is checked with that.
func (t tuning) room(s share) int64 {
	room := s.each()
	if _, given := t.config["gp_vmem_protect_limit"]; !given {
		room -= t.vmem(s)
	}
	return room << 10
}

// preparedFit refuses prepared transactions whose snapshots would not fit into the pod.
func (v *validator) preparedFit(t tuning, path *field.Path, value Setting) {
	for _, s := range t.shares() {
		if need := t.sharedMemory(s, t.clientConnections()); need > t.room(s) {
			v.refuse(path, string(value), "give less, or the pod more memory: the shared memory, %d MB, does not fit next to "+
				"gp_vmem_protect_limit in an instance's part, %d MB, of the memory of %s pod", need>>10, s.each(), s.pod)
			return
		}
	}
}

// memoryValue is a whole number of one of PostgreSQL's units of memory.
var memoryValue = regexp.MustCompile(`^\s*([0-9]{1,15})\s*(B|kB|MB|GB|TB)\s*$`)

// memorySetting is a setting of memory in kB, and whether it is one. Without a unit it is none: the setting's own unit counts.
func memorySetting(value Setting) (int64, bool) {
	match := memoryValue.FindStringSubmatch(string(value))
	if match == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(match[1], 10, 64)
	if match[2] == "B" {
		return n / 1024, err == nil
	}
	shift := map[string]uint{"kB": 0, "MB": 10, "GB": 20, "TB": 30}[match[2]]
	return n << shift, err == nil && n <= 1<<62>>shift
}

// wholeSetting is a setting that is a whole number, and whether it is one.
func wholeSetting(value Setting) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(string(value)), 10, 32)
	return n, err == nil
}
