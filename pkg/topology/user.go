package topology

import (
	"math"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

// Home is the home of the database's user in every pod, whatever the image has in that place.
const Home = "/home/gpadmin"

const (
	// defaultID is the user where cluster.yaml names none.
	defaultID = 1000
	// maxID is the largest number that Kubernetes takes for a user or a group.
	maxID = math.MaxInt32
)

func (u *User) setDefaults() {
	if u.Assigned {
		return
	}
	if u.UID == nil {
		u.UID = new(int64(defaultID))
	}
	if u.GID == nil {
		u.GID = new(*u.UID)
	}
}

func (v *validator) databaseUser(u User, path *field.Path) {
	if u.Assigned {
		const reason = "with assigned: true the namespace gives the user and the group"
		v.forbid(path, []forbidden{{u.UID != nil, "uid", reason}, {u.GID != nil, "gid", reason}})
		return
	}
	uid, gid := ptr.Deref(u.UID, defaultID), ptr.Deref(u.GID, defaultID)
	switch {
	case uid == 0:
		v.refuse(path.Child("uid"), uid, "the database does not run as root: give another user, such as %d", defaultID)
	case uid < 0 || uid > maxID:
		v.refuse(path.Child("uid"), uid, "give 1 to %d", maxID)
	}
	// A group that is the user's by default has no fault of its own.
	if gid != uid && (gid < 0 || gid > maxID) {
		v.refuse(path.Child("gid"), gid, "give 0 to %d", maxID)
	}
}

// user refuses another user than the cluster's in a patch, since sshd and the database run as the one who owns the files.
func (v *validator) user(nonRoot *bool, user, group *int64, path *field.Path) {
	const reason = "give spec.user, which is the user of all pods"
	v.forbid(path, []forbidden{
		{!ptr.Deref(nonRoot, true), "runAsNonRoot", restricted},
		{another(user, v.runsAs.UID), "runAsUser", reason},
		{another(group, v.runsAs.GID), "runAsGroup", reason},
	})
}

// another says whether a patch gives a number, and not the cluster's.
func another(given, own *int64) bool { return given != nil && (own == nil || *given != *own) }
