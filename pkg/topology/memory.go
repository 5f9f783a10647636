package topology

import (
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// memoryValue is a whole number of one of PostgreSQL's units of memory.
var memoryValue = regexp.MustCompile(`^\s*([0-9]{1,15})\s*(B|kB|MB|GB|TB)\s*$`)

// memorySetting is a setting of memory in kB, and whether it is one. Without a unit the number is in a unit of the
// setting's own, so that is none.
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

// ShmSize is how large /dev/shm of a component's pods may grow: a quarter of the memory, 64 MiB to 8 GiB, or 256 MiB where
// nobody says how much memory there is. PostgreSQL keeps only its dynamic shared memory there. It is a bound and sets
// nothing aside: what is in use counts as the container's memory.
func ShmSize(c *Cluster, component Component) resource.Quantity {
	size := int64(256)
	if memory := memoryMiB(c, component); memory > 0 {
		size = min(max(memory/4, 64), 8192)
	}
	return *resource.NewQuantity(size<<20, resource.BinarySI)
}
