package plan

import (
	"fmt"
	"strings"

	"gpk/pkg/topology"
)

// Change is a difference between the cluster.yaml that a cluster was made from and another one, with what it takes.
type Change struct {
	Difference
	// Command makes the change. None: nothing does.
	Command Command `json:"command,omitempty"`
	// Why is the reason that there is no command, or what to know of the one that there is.
	Why string `json:"why,omitempty"`
	// Fixed is set where the value can't change any more once the volumes have been made, before there is a database.
	Fixed bool `json:"-"`
	// Update is set where create --update makes the change.
	Update bool `json:"-"`
}

// Changes are the differences between the cluster.yaml that a cluster was made from and another one of the same cluster,
// both with their defaults. file is the name of the other one in the commands.
func Changes(from, to *topology.Cluster, file string) []Change {
	return each(ClusterDifferences(from, to), func(d Difference) Change {
		r := ruleOf(d.Field)
		change := Change{Difference: d, Fixed: r.fixed}
		r.answer(&change, edit{from, to, file})
		return change
	})
}

// ClusterDifferences are the differences of two files, without the secrets that an earlier gpk has let into lines of pg_hba.conf.
func ClusterDifferences(from, to *topology.Cluster) []Difference {
	return each(Differences(from, to), func(d Difference) Difference {
		if d.Field == "spec.database.hba" {
			d.From, d.To = topology.HideSecrets(d.From), topology.HideSecrets(d.To)
		}
		return d
	})
}

// edit is what an answer may look at.
type edit struct {
	from, to *topology.Cluster
	file     string
}

// rule says what becomes of a change of a field, and of whatever is inside it.
type rule struct {
	field  string
	answer func(*Change, edit)
	fixed  bool
}

// rules are all fields of cluster.yaml with the command that changes each in a cluster that exists. No other place knows.
func rules() []rule {
	const newPods = "pods created from then on get it; pods that run keep what they have until they are recreated"
	return []rule{
		{"apiVersion", never("it names the form of the file"), false},
		{"kind", never("it names the form of the file"), false},
		{"metadata", never("another name is another cluster"), false},
		{"spec.version", upgrade, false},
		{"spec.image", upgrade, false},
		{"spec.imagePullPolicy", update(newPods), false},
		{"spec.imagePullSecrets", update(newPods), false},
		{"spec.user", never("the files on the volumes belong to the user that made them"), true},
		{"spec.coordinator.standby", never("the standby coordinator is made with the cluster"), true},
		{"spec.coordinator.resources", resize, false},
		{"spec.coordinator.storage.size", enlarge, true},
		{"spec.coordinator.storage.className", never("a volume keeps its class"), true},
		{"spec.coordinator.tolerations", update(newPods), false},
		{"spec.coordinator.priorityClassName", update(newPods), false},
		{"spec.coordinator.schedulerName", update(newPods), false},
		{"spec.coordinator", never("the volumes have been placed by it"), false},
		{"spec.segments.count", expand, true},
		{"spec.segments.perPod", never("the catalogue has every segment in its pod"), true},
		{"spec.segments.mirrors", never("the mirrors are made with the cluster"), true},
		{"spec.segments.resources", resize, false},
		{"spec.segments.storage.size", enlarge, true},
		{"spec.segments.storage.className", never("a volume keeps its class"), true},
		{"spec.segments.tolerations", update(newPods), false},
		{"spec.segments.priorityClassName", update(newPods), false},
		{"spec.segments.schedulerName", update(newPods), false},
		{"spec.segments", never("the volumes have been placed by it"), false},
		{"spec.database.name", anotherDatabase, false},
		{"spec.database.locale", never("the databases have been made in it"), false},
		{"spec.database.config", configure, false},
		{"spec.database.hba", update(""), false},
		{"spec.database.extensions", update("existing extensions stay"), false},
		{"spec.database.passwordSecret", update("roles that are in the earlier Secret only keep their passwords"), false},
		{"spec.network.clusterDomain", update(newPods), false},
		{"spec.network.service", update(""), false},
		{"spec.network.segmentsOpenToAllPods", update(""), false},
		{"spec.tls.names", update(""), false},
		{"spec.tls.required", update(""), false},
		{"spec.tls", update("pods that run do not mount the Secret; create says how to recreate them"), false},
		{"spec.backup", update("backups of the earlier storage stay there, and gpk does not list them any more"), false},
		{"spec.podTemplate", update(newPods), false},
	}
}

// ruleOf is the rule of the longest field around a path.
func ruleOf(path string) rule {
	found := rule{answer: never("gpk knows no way")}
	for _, r := range rules() {
		rest, inside := strings.CutPrefix(path, r.field)
		if inside && (rest == "" || rest[0] == '.' || rest[0] == '[') && len(r.field) > len(found.field) {
			found = r
		}
	}
	return found
}

func never(why string) func(*Change, edit) { return func(c *Change, _ edit) { c.Why = why } }

// update is for what create can change in a cluster that runs, when it is told to.
func update(note string) func(*Change, edit) {
	return func(c *Change, e edit) {
		c.Command, c.Why, c.Update = Gpk("create", "-f", e.file, "--update"), note, true
	}
}

func upgrade(c *Change, e edit) {
	c.Command = Gpk("upgrade", "--version", e.to.Spec.Version)
	if e.from.Spec.Image != e.to.Spec.Image {
		c.Command = c.Command.With("--image", e.to.Spec.Image)
	}
}

func expand(c *Change, e edit) {
	if e.to.Spec.Segments.Count < e.from.Spec.Segments.Count {
		c.Why = "Greenplum can't take segments away"
		return
	}
	c.Command = Gpk("expand", "--segments", fmt.Sprint(e.to.Spec.Segments.Count))
}

func enlarge(c *Change, e edit) {
	before, after := e.from.Spec.Segments.Storage.Size, e.to.Spec.Segments.Storage.Size
	if strings.HasPrefix(c.Field, "spec.coordinator.") {
		before, after = e.from.Spec.Coordinator.Storage.Size, e.to.Spec.Coordinator.Storage.Size
	}
	if before != nil && after != nil && after.Cmp(*before) < 0 {
		c.Why = "a volume can't become smaller"
		return
	}
	resize(c, e)
}

func resize(c *Change, e edit) { c.Command = Gpk("resize", "-f", e.file) }

// anotherDatabase makes a further database: gpk drops none.
func anotherDatabase(c *Change, e edit) {
	if c.To == "" {
		c.Why = "gpk drops no database: do it with `gpk psql`, if it is not needed any more"
		return
	}
	update("")(c, e)
	if c.From != "" {
		c.Why = "the database " + c.From + " stays"
	}
}

// configure puts the default back where the file doesn't give a value any more.
func configure(c *Change, _ edit) {
	name := strings.TrimSuffix(strings.TrimPrefix(c.Field, "spec.database.config["), "]")
	c.Command = setCommand(name, c.To)
}
