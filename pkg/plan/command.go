package plan

import (
	"cmp"
	"strings"
)

// Command is a command of gpk that a person can type: its words, without those that lead to the cluster.
type Command []string

// Gpk is the command with these words.
func Gpk(words ...string) Command { return words }

// String is the command line, with quotes where a shell needs them.
func (c Command) String() string {
	line := "gpk"
	for _, word := range c {
		line += " " + Word(word)
	}
	return line
}

// With is the command with more words behind its own.
func (c Command) With(words ...string) Command {
	return append(append(Command{}, c...), words...)
}

// ReadCommand reads a command line that String has written: words, in single quotes where they need them, and a quote itself as \'.
func ReadCommand(line string) Command {
	var words []string
	var word strings.Builder
	begun, quoted := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == ' ' && !quoted:
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
			continue
		case c == '\'':
			quoted = !quoted
		case c == '\\' && !quoted && i+1 < len(line):
			i++
			word.WriteByte(line[i])
		default:
			word.WriteByte(c)
		}
		begun = true
	}
	if begun {
		words = append(words, word.String())
	}
	if len(words) > 0 && words[0] == "gpk" {
		words = words[1:]
	}
	return words
}

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
