package gpinitsystem

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
)

// input is what an input file says.
type input struct {
	coordinator  catalog.Segment
	primaries    catalog.Segments
	mirrors      catalog.Segments
	trustedShell string
	encoding     string
	locale       string
	database     string
	maxConnect   int
	checksums    bool
	hbaHostnames bool
}

// source prints, each ended by a zero byte, the variables of an input file,
// then the two arrays with a count before each.
const source = `unset PORT_BASE SEG_PREFIX DATA_DIRECTORY
. "$1" || exit 1
for name in QD_PRIMARY_ARRAY TRUSTED_SHELL ENCODING LOCALE_SETTING DATABASE_NAME COORDINATOR_MAX_CONNECT \
	HEAP_CHECKSUM HBA_HOSTNAMES; do
	printf '%s\0' "${!name}"
done
printf '%s\0' "${#PRIMARY_ARRAY[@]}" "${PRIMARY_ARRAY[@]}"
printf '%s\0' "${#MIRROR_ARRAY[@]}" "${MIRROR_ARRAY[@]}"
`

// readInput sources a file by bash, as the original does: it may hold any
// bash, and its carriage returns are dropped for good.
func readInput(ctx context.Context, path string) (input, error) {
	data, err := os.ReadFile(path)
	if err != nil || len(data) == 0 {
		return input{}, console.Says("Problem with %s file", path)
	}
	if clean := bytes.ReplaceAll(data, []byte("\r"), nil); len(clean) != len(data) {
		//nolint:gosec // the file is the caller's own, and the original writes it back too
		if err := os.WriteFile(path, clean, 0o644); err != nil {
			return input{}, err
		}
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return input{}, err
	}
	cmd := exec.CommandContext(ctx, "bash", "-c", source, "bash", path)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return input{}, console.Says("Problem with %s file: %s", path, strings.TrimSpace(stderr.String()))
	}
	return parseInput(strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"))
}

func parseInput(words []string) (input, error) {
	next := func() string {
		if len(words) == 0 {
			return ""
		}
		w := words[0]
		words = words[1:]
		return w
	}
	qd := next()
	in := input{
		trustedShell: next(), encoding: next(), locale: next(), database: next(),
	}
	if text := next(); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return in, console.Says("COORDINATOR_MAX_CONNECT less than 1")
		}
		in.maxConnect = n
	}
	in.checksums = next() != "off"
	in.hbaHostnames = next() == "1"
	var err error
	if qd == "" {
		return in, console.Says("COORDINATOR_HOSTNAME variable not set")
	}
	if in.coordinator, err = parseSegment(qd, catalog.Primary); err != nil {
		return in, err
	}
	for _, array := range []struct {
		into *catalog.Segments
		role string
	}{{&in.primaries, catalog.Primary}, {&in.mirrors, catalog.Mirror}} {
		count, _ := strconv.Atoi(next())
		for range max(count, 0) {
			s, err := parseSegment(next(), array.role)
			if err != nil {
				return in, err
			}
			*array.into = append(*array.into, s)
		}
		if count == 0 && len(words) > 0 && words[0] == "" {
			next() // printf's empty word for an empty array
		}
	}
	return in, nil
}

// parseSegment reads hostname~address~port~directory~dbid~content.
func parseSegment(text, role string) (catalog.Segment, error) {
	separator := "~"
	if !strings.Contains(text, separator) {
		separator = ":"
	}
	f := strings.Split(text, separator)
	if len(f) < 6 {
		return catalog.Segment{}, fmt.Errorf("segment %q must be hostname~address~port~directory~dbid~content", text)
	}
	var numbers [3]int
	for i, field := range []string{f[2], f[4], f[5]} {
		n, err := strconv.Atoi(field)
		if err != nil {
			return catalog.Segment{}, fmt.Errorf("segment %q: %q is not a number", text, field)
		}
		numbers[i] = n
	}
	return catalog.Segment{
		Hostname: f[0], Address: f[1], Port: numbers[0], Dir: f[3], DBID: numbers[1], Content: numbers[2],
		Role: role, PreferredRole: role, Mode: catalog.NotSync, Status: catalog.Up,
	}, nil
}
