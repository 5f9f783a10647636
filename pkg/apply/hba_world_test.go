package apply

import (
	"fmt"
	"io"
	"strings"
)

// fakeHBA are the files pg_hba.conf of a cluster, by pod and data directory, and what hba.sh does with them.
type fakeHBA map[string]string

func (h fakeHBA) script(pod string, args []string, input string, out io.Writer) int {
	verb, dirs := args[0], args[1:]
	if verb != "withdraw" && !strings.HasSuffix(input, "# gpk: end\n") {
		return 1
	}
	for _, dir := range dirs {
		place := pod + ":" + dir
		switch {
		case verb == "check" && h[place] != input:
			fmt.Fprintf(out, "differs %s pg_hba.conf\n", dir)
		case verb == "offer":
			h[place+"-before"], h[place] = h[place], input
		case verb == "withdraw":
			h[place] = h[place+"-before"]
			delete(h, place+"-before")
		case verb == "write":
			h[place] = input
			delete(h, place+"-before")
		}
	}
	fmt.Fprintln(out, "end")
	return 0
}
