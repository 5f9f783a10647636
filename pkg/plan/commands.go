package plan

import (
	"cmp"
	"strings"
)

// RestartCommand puts settings that wait for a restart into effect.
func RestartCommand() Command { return Gpk("restart") }

// setCommand gives a setting a value or, where cluster.yaml has none, what it has without one.
func setCommand(name, value string) Command {
	return Gpk("config", "set", name+"="+cmp.Or(value, SettingDefault))
}

// Repair is the command that brings back what a step's Check misses in a cluster that is as its file says.
func Repair(step Step, file string) Command {
	if _, ok := step.Action.(Synced); ok {
		return Gpk("recover")
	}
	return Gpk("create", "-f", file)
}

// Word is a text as one word of a shell's command line, in quotes if it needs them.
func Word(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-/:=@,+%", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
