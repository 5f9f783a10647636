package topology

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// NamedSetting is a server setting of a cluster: what the coordinator and the standby have, and what the segments have.
type NamedSetting struct {
	Name        string  `json:"name"`
	Coordinator Setting `json:"coordinator"`
	Segment     Setting `json:"segment"`
	// Why is where the values come from: a formula, or the field of cluster.yaml that gives them.
	Why string `json:"why"`
}

// Greenplum's own numbers.
const (
	defaultConnections = 250  // gpinitsystem: DEFAULT_QD_MAX_CONNECT
	connectionFactor   = 3    // gpinitsystem: QE_CONNECT_FACTOR, what a segment has for each of the coordinator's
	defaultBuffers     = 125  // MiB; gpinitsystem: DEFAULT_BUFFERS
	defaultVmem        = 8192 // MB; gp_vmem_protect_limit
	defaultStatement   = 125  // MiB; statement_mem
	maxStatement       = 2000 // MiB; max_statement_mem, which statement_mem must stay below
	connectionBuffers  = 16   // kB of shared_buffers for each connection, at least
	lockMemory         = 64   // kB for each connection, of its own and of its 128 locks (max_locks_per_transaction) and predicate locks
	activeStatements   = 20   // the limit of the resource queue pg_default
	// leastStatement is in MiB, so that a plan may have a hundred operators: the simple ones have 100 kB each, and a statement that
	// has not enough for them is refused (gp_resmanager_memory_policy_auto_fixed_mem, "insufficient memory reserved for
	// statement"). The utilities' own views have thirty and more.
	leastStatement = 10
)

// The setting that another one has to stay below, and that one.
const (
	MostStatement = "max_statement_mem"
	StatementMem  = "statement_mem"
)

// Settings are the server settings of a cluster whose defaults are set: those derived from the resources in a fixed order, then the
// others of spec.database.config by name. What config gives wins, for every instance. Only max_connections is the coordinator's: a
// session takes several connections of a segment, so that the segments have Greenplum's factor more.
//
// The values hold for a pod whose instances all act as primaries. A mirror pod is no worse off: it has as many.
func Settings(c *Cluster) []NamedSetting {
	t := newTuning(c)
	settings := t.derived()
	for _, name := range sortedKeys(c.Spec.Database.Config) {
		lower := strings.ToLower(name)
		if !slices.ContainsFunc(settings, func(s NamedSetting) bool { return s.Name == lower }) {
			settings = append(settings, NamedSetting{Name: lower})
		}
	}
	for i := range settings {
		t.override(&settings[i])
	}
	return slices.DeleteFunc(settings, func(s NamedSetting) bool { return s.Why == "" }) // neither derived nor given
}

// share is what the instances of a pod have of its memory.
type share struct {
	// pod names the pod in messages.
	pod string
	// memory is the pod's in MiB, 0 if it is unknown. instances is how many instances share it.
	memory, instances int64
	// connections are those of an instance for each of the coordinator's.
	connections int64
}

// each is an instance's part of the memory in MiB.
func (s share) each() int64 { return s.memory / s.instances }

// tuning derives settings. The names of config are in lower case.
type tuning struct {
	config               map[string]Setting
	coordinator, segment share
}

func newTuning(c *Cluster) tuning {
	config := map[string]Setting{}
	for name, value := range c.Spec.Database.Config {
		config[strings.ToLower(name)] = value
	}
	return tuning{
		config:      config,
		coordinator: share{"the coordinator's", memoryMiB(c, CoordinatorComponent), 1, 1},
		segment:     share{"a segment", memoryMiB(c, PrimaryComponent), int64(max(c.Spec.Segments.PerPod, 1)), connectionFactor},
	}
}

// shares are those of the pods whose memory is known.
func (t tuning) shares() []share {
	return slices.DeleteFunc([]share{t.coordinator, t.segment}, func(s share) bool { return s.each() == 0 })
}

// derived are the settings that follow from the resources, in their order, and the place of max_statement_mem, without a value.
func (t tuning) derived() []NamedSetting {
	count := t.clientConnections()
	return []NamedSetting{
		{"max_connections", number(count), number(connectionFactor * count),
			"one for each 16 MiB of an instance's memory, 50 to 250; the segments have three times as many, as gpinitsystem gives them"},
		{"max_prepared_transactions", number(count), number(count),
			"the coordinator's max_connections, the least that Greenplum's reference allows, on every instance"},
		{"shared_buffers", megabytes(t.buffers(t.coordinator)), megabytes(t.buffers(t.segment)),
			"an eighth of an instance's memory, 32 MB to 8 GB, and at least the 16 kB for each connection that Greenplum's reference asks for"},
		t.vmemLimit(),
		// A server reads its file from the top, and statement_mem has to be below the most that it has read until then.
		{Name: MostStatement},
		t.statementMemory(),
		// The coordinator waits so long for a segment to let it in. Where a host refuses connections it is not needed; a pod whose
		// node is cut off answers nothing at all.
		{"gp_segment_connect_timeout", "30s", "30s",
			"instead of Greenplum's three minutes, for which a new coordinator would be kept from answering by each segment that is cut off"},
	}
}

const noMemory = "Greenplum's default, since the pods have no limit and no request of memory"

// override puts what cluster.yaml gives in the place of what is derived.
func (t tuning) override(s *NamedSetting) {
	given, ok := t.config[s.Name]
	if !ok {
		return
	}
	s.Why = "spec.database.config"
	if s.Name == "max_connections" {
		s.Why += fmt.Sprintf(" for the coordinator, and %d times as many for the segments", connectionFactor)
		return
	}
	s.Coordinator, s.Segment = given, given
}

// clientConnections are the coordinator's max_connections: one for each 16 MiB of the smaller of the two pods' memory for
// an instance, never more than Greenplum's default and never too few for gpk's and Greenplum's own.
func (t tuning) clientConnections() int64 {
	if given, ok := wholeSetting(t.config["max_connections"]); ok {
		return given
	}
	count := int64(defaultConnections)
	for _, s := range t.shares() {
		count = min(count, s.each()/16)
	}
	return max(count, 50)
}

// buffers are the shared_buffers of an instance in MiB: those given, or an eighth of its memory, and enough for its connections.
func (t tuning) buffers(s share) int64 { return t.buffersOf(s, t.clientConnections()) }

// buffersOf is buffers with so many connections of the coordinator.
func (t tuning) buffersOf(s share, connections int64) int64 {
	if given, ok := memorySetting(t.config["shared_buffers"]); ok {
		return (given + 1023) / 1024
	}
	size := int64(defaultBuffers)
	if s.memory > 0 {
		size = min(max(s.each()/8, 32), 8192)
	}
	return max(size, (connectionBuffers*s.connections*connections+1023)/1024)
}

// sharedMemory is what an instance takes when it starts, in kB, with so many connections of the coordinator: its buffers, the locks of
// each connection and each prepared transaction, and the snapshots that segments share. These are two for each prepared transaction,
// with 4 bytes for every connection and prepared transaction in each (Greenplum's sharedsnapshot.c).
func (t tuning) sharedMemory(s share, connections int64) int64 {
	prepared, given := wholeSetting(t.config["max_prepared_transactions"])
	if !given {
		prepared = connections
	}
	all := s.connections*connections + prepared
	return t.buffersOf(s, connections)<<10 + lockMemory*all + 2*prepared*4*all/1024
}

func (t tuning) vmemLimit() NamedSetting {
	why := "((RAM - 7.5 GB - 5% RAM) / 1.7) / acting primaries, Greenplum's formula with the pod's memory as RAM, less shared_buffers. " +
		"Pods below 30 GB use a quarter of it instead of the 7.5 GB. Pods from 256 GB on divide by 1.17"
	if len(t.shares()) == 0 {
		why = noMemory
	}
	return NamedSetting{"gp_vmem_protect_limit", number(t.vmem(t.coordinator)), number(t.vmem(t.segment)), why}
}

// vmem is the gp_vmem_protect_limit of an instance in MB: the one given, or what is derived.
func (t tuning) vmem(s share) int64 {
	if given, ok := wholeSetting(t.config["gp_vmem_protect_limit"]); ok {
		return given
	}
	return vmem(s, t.buffers(s))
}

// vmem derives gp_vmem_protect_limit in MB, for instances with so many MiB of shared_buffers. The formula is that of
// Greenplum's best practices, "Resource Queue Memory Management", without swap. Its 7.5 GB are for the operating system of a
// whole host. From 256 GB on the formula leaves so little that the shared buffers, which it doesn't count, are taken off
// beforehand: a pod has no swap to fall back on.
func vmem(s share, buffers int64) int64 {
	const gib = 1024
	if s.memory == 0 {
		return defaultVmem
	}
	reserve := min(7.5*gib, float64(s.memory)/4) + 0.05*float64(s.memory)
	factor := 1.7
	if s.memory >= 256*gib {
		factor = 1.17
		reserve += float64(buffers * s.instances)
	}
	return max(int64((float64(s.memory)-reserve)/factor)/s.instances, 1)
}

func (t tuning) statementMemory() NamedSetting {
	why := fmt.Sprintf("gp_vmem_protect_limit * 0.9 / %d, Greenplum's formula with the %[1]d statements that the default resource queue "+
		"runs at once, by the smaller of the limits, and %d MB at least", activeStatements, leastStatement)
	size := int64(defaultStatement)
	_, given := wholeSetting(t.config["gp_vmem_protect_limit"])
	if given || len(t.shares()) > 0 {
		vmem := min(t.vmem(t.coordinator), t.vmem(t.segment))
		size = max(vmem*9/10/activeStatements, min(leastStatement, vmem))
	} else {
		why = noMemory
	}
	// The coordinator's value counts for a query and goes to the segments with it, so that there is but one.
	value := megabytes(max(min(size, t.mostStatement()/1024-1), 1))
	return NamedSetting{StatementMem, value, value, why}
}

// mostStatement is max_statement_mem in kB.
func (t tuning) mostStatement() int64 {
	if given, ok := memorySetting(t.config[MostStatement]); ok {
		return given
	}
	return maxStatement << 10
}

// memoryMiB is the memory of a component's pod in MiB: its limit, or its request without one, or 0.
func memoryMiB(c *Cluster, component Component) int64 {
	resources := c.GroupPods(component).Resources
	memory, ok := resources.Limits["memory"]
	if !ok {
		memory = resources.Requests["memory"]
	}
	return memory.Value() >> 20
}

// ShmSize is how large /dev/shm of a component's pods may grow: a quarter of the memory, 64 MiB to 8 GiB, or 256 MiB if that is
// unknown. PostgreSQL keeps its dynamic shared memory there. What is in use counts as the container's memory; nothing is set aside.
func ShmSize(c *Cluster, component Component) resource.Quantity {
	size := int64(256)
	if memory := memoryMiB(c, component); memory > 0 {
		size = min(max(memory/4, 64), 8192)
	}
	return *resource.NewQuantity(size<<20, resource.BinarySI)
}

func number(n int64) Setting    { return Setting(strconv.FormatInt(n, 10)) }
func megabytes(n int64) Setting { return number(n) + "MB" }
