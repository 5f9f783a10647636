package segments

import (
	"fmt"
	"strconv"
)

// Severed is what became of the sessions that others had in the primaries of a pod.
type Severed struct {
	// Sessions is how many were there and have ended.
	Sessions int
	// Remaining are the primaries, by data directory, in which sessions go on or that do not answer, each with which of both it is.
	Remaining []string
}

// Sever is the verb of instances.sh that ends the sessions of others in the primaries of a pod. The mirrors' connections stay.
const Sever = "sever"

// ParseSevered reads what `instances.sh sever` printed.
func ParseSevered(out string) (s Severed, err error) {
	err = parseLines(out, "the answer about sessions was", func(line string, words []string) error {
		switch {
		case len(words) == 2 && words[0] == "silent":
			s.Remaining = append(s.Remaining, words[1]+" does not answer")
			return nil
		case len(words) == 3 && (words[0] == "severed" || words[0] == "left"):
			count, err := strconv.Atoi(words[2])
			if err != nil {
				break
			}
			if words[0] == "severed" {
				s.Sessions += count
			} else {
				s.Remaining = append(s.Remaining, fmt.Sprintf("%s has %d sessions that do not end", words[1], count))
			}
			return nil
		}
		return fmt.Errorf("unknown line %q", line)
	})
	return s, err
}
