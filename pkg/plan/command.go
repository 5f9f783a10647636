package plan

import "strings"

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

// HasFile says whether the command names a cluster.yaml, and so its cluster.
func (c Command) HasFile() bool {
	for _, word := range c {
		if word == "-f" {
			return true
		}
	}
	return false
}

// ReadCommand reads a command line that String has written.
func ReadCommand(line string) Command {
	var words []string
	word, quoted, begun := strings.Builder{}, false, false
	for _, r := range line {
		switch {
		case r == '\'':
			quoted, begun = !quoted, true
		case r == ' ' && !quoted:
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	if len(words) > 0 && words[0] == "gpk" {
		words = words[1:]
	}
	return words
}
