// Package rights knows which rights each command needs, and makes Roles of them. It asks no API server. The table is in table.go: Roles,
// docs/rights.md and the tests of rights all come from there.
package rights

import (
	"slices"
	"strings"
)

// Right is what a command does with objects of one resource.
type Right struct {
	Verbs []string
	// Resource has its group behind a dot, as in messages of the API server: statefulsets.apps.
	Resource string
	// Of are the objects that it is about. Empty: all that the cluster has of the resource.
	Of Set
}

// Set is a part of a cluster's objects of one resource.
type Set string

const (
	// Kept are the ConfigMaps that gpk writes: the record and the decisions.
	Kept Set = "kept"
	// Scripts is the ConfigMap with the scripts of the pods.
	Scripts Set = "scripts"
	// Keys is the Secret with the ssh keys.
	Keys Set = "keys"
	// Passwords is the user's Secret in spec.database.passwordSecret.
	Passwords Set = "passwords"
	// SelfSigned is the Secret with the certificate of clients that gpk makes.
	SelfSigned Set = "selfsigned"
	// Certificate is the user's Secret with the certificate of clients.
	Certificate Set = "certificate"
	// Bucket are the user's Secrets in spec.backup.storage.s3.
	Bucket Set = "bucket"
	// Clients is the Service that clients connect to.
	Clients Set = "clients"
	// Coordinators are the pods of both coordinators.
	Coordinators Set = "coordinators"
	// Images are the pods that bring an image to nodes. The API server chooses their names, so no Role can name them.
	Images Set = "images"
	// Inspector is the pod that looks into the image of a cluster that does not exist yet.
	Inspector Set = "inspector"
)

// Policies says of which clusters a right is, by spec.network.segmentsOpenToAllPods.
type Policies string

// The clusters with and without network policies.
const (
	With    Policies = "with"
	Without Policies = "without"
)

// Command is a command with the rights that it needs.
type Command struct {
	// Name is as a person types it, with the flags that make a difference to its rights.
	Name string
	// Also are further names with the same rights.
	Also []string
	// As is another command whose rights it needs too.
	As     string
	Rights []Right
	// Policies are rights on network policies that depend on cluster.yaml.
	Policies map[Policies][]string
	// Grows: it makes pods that cluster.yaml does not have yet.
	Grows bool
	// Note is what else there is to know.
	Note string
	// Outside: it needs a right outside the namespace, which no Role can give.
	Outside bool
}

// Rare are rights that a command needs in few of its runs.
type Rare struct {
	// Rights are those; none are create, wherever a command has patch as well.
	Rights []Right
	// Commands need the rights; none are all.
	Commands []string
	// Case is when.
	Case string
}

// Optional are rights without which all commands work.
type Optional struct {
	// What are the rights in words.
	What string
	// Rights are those of them that a Role may have. A Role is for one namespace, and create on pods is too much for a trial.
	Rights []Right
	// Commands use them; none are all.
	Commands []string
	// For is what commands use them for.
	For string
}

// verbs is the order in which verbs are listed.
var verbs = []string{"get", "list", "watch", "create", "update", "patch", "delete"}

func words(text string) []string { return strings.Fields(text) }

// find is the command of a name.
func find(name string) (Command, bool) {
	at := slices.IndexFunc(commands, func(c Command) bool { return c.Name == name || slices.Contains(c.Also, name) })
	if at < 0 {
		return Command{}, false
	}
	return commands[at], true
}

// Names are those of all duties and commands that Roles knows, in the order of the table.
func Names() []string {
	var names []string
	for _, d := range Duties {
		names = append(names, d.Name)
	}
	for _, c := range commands {
		if !c.Outside && (c.As != "" || len(c.Rights) > 0) {
			names = append(append(names, c.Name), c.Also...)
		}
	}
	return names
}

// Needed are all rights of a command for a cluster with or without network policies, those of the command that it is like before its own.
func (c Command) Needed(policies Policies) []Right {
	var all []Right
	if base, ok := find(c.As); ok {
		all = base.Needed(policies)
	}
	all = append(all, c.Rights...)
	if verbs := c.Policies[policies]; len(verbs) > 0 {
		all = append(all, Right{verbs, policyResource, ""})
	}
	return all
}

// IsRare says whether a command uses a right in few of its runs only.
func IsRare(command, verb, resource string) bool {
	return slices.ContainsFunc(rare, func(r Rare) bool {
		if len(r.Commands) > 0 && !slices.Contains(r.Commands, command) {
			return false
		}
		if len(r.Rights) == 0 {
			return verb == "create" && resource != "pods/exec" && !slices.Contains(posted, resource)
		}
		return slices.ContainsFunc(r.Rights, func(r Right) bool { return r.Resource == resource && slices.Contains(r.Verbs, verb) })
	})
}

// OnlyInCases says whether the table lists a right as one that this very command uses in few of its runs only.
func OnlyInCases(command, verb, resource string) bool {
	return slices.ContainsFunc(rare, func(r Rare) bool {
		return slices.Contains(r.Commands, command) &&
			slices.ContainsFunc(r.Rights, func(r Right) bool { return r.Resource == resource && slices.Contains(r.Verbs, verb) })
	})
}
