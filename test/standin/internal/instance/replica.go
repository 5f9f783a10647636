package instance

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gpk/test/standin/internal/shell"
)

// StandbySignal is the file that makes a replica of a directory.
const StandbySignal = "standby.signal"

// autoFile is where PostgreSQL keeps whom a replica follows.
const autoFile = "postgresql.auto.conf"

// Upstream is whom the replica in a directory of this host follows.
func Upstream(dir string) (host string, port int, err error) {
	settings, err := readFile(filepath.Join(dir, autoFile))
	if err != nil {
		return "", 0, err
	}
	for _, word := range strings.Fields(settings["primary_conninfo"]) {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "host":
			host = value
		case "port":
			port, err = strconv.Atoi(value)
		}
	}
	if host == "" || port == 0 || err != nil {
		return "", 0, fmt.Errorf("%s does not say whom the replica follows", filepath.Join(dir, autoFile))
	}
	return host, port, nil
}

// FollowCommand is the command line that makes a directory follow a primary,
// whomever it followed before.
func FollowCommand(dir, user, host string, port int) string {
	auto := shell.Quote(filepath.Join(dir, autoFile))
	info := fmt.Sprintf("user=%s host=%s port=%d sslmode=prefer application_name=%s", user, host, port, WalReceiver)
	return fmt.Sprintf("sed -i '/^primary_conninfo\\|^primary_slot_name/d' %[1]s && printf '%%s\\n' %[2]s %[3]s >> %[1]s && touch %[4]s",
		auto, shell.Quote("primary_conninfo = '"+info+"'"), shell.Quote("primary_slot_name = '"+Slot+"'"),
		shell.Quote(filepath.Join(dir, StandbySignal)))
}

// ReplicaOptions are the server's options for a directory that follows another:
// it refuses connections, as Greenplum's mirrors do. In a configuration file the
// setting would also make pg_ctl take a primary that still recovers from a crash
// for one that has started.
func ReplicaOptions(dir string) []string {
	if _, err := os.Stat(filepath.Join(dir, StandbySignal)); err != nil {
		return nil
	}
	return []string{"-c", "hot_standby=off"}
}
