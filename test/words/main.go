// Command words has Vale read the pages that people read, and the help texts, the messages and the comments of Go files. `make
// lint-words` and `make lint-messages` run it. The rules, with their tests, are in the folder gpk.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

var errFound = errors.New("there are findings")

func main() {
	err := run(context.Background(), os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, errFound):
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "words:", err)
		os.Exit(2)
	}
}

// run prints a line for each finding, as file:line: rule: message, or how many there are in each folder.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("words", flag.ContinueOnError)
	vale := flags.String("vale", "", "path of Vale; without it the passages are printed")
	kinds := flags.String("kinds", "pages,help,messages", "what to read, of pages, help, messages and comments")
	count := flags.Bool("count", false, "print how many findings each folder has")
	if err := flags.Parse(args); err != nil {
		return err
	}
	wanted := strings.Split(*kinds, ",")
	passages, err := read(flags.Args(), wanted)
	if err != nil {
		return err
	}
	if *vale == "" {
		_, err := io.WriteString(out, show(passages))
		return err
	}
	found, err := check(ctx, *vale, passages)
	if err != nil {
		return err
	}
	report := list(found)
	if *count {
		report = tally(found)
	}
	if _, err := io.WriteString(out, report); err != nil {
		return err
	}
	if len(found) > 0 {
		return errFound
	}
	return nil
}

// read takes the passages of the wanted kinds out of all pages and Go files below the roots, except tests, and out of YAML files that
// are roots.
func read(roots, kinds []string) ([]passage, error) {
	var all []passage
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			found, err := passagesOf(path, path == root)
			all = append(all, found...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(all, func(p passage) bool { return !slices.Contains(kinds, p.kind) }), nil
}

func passagesOf(path string, named bool) ([]passage, error) {
	switch {
	case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
		return goPassages(path)
	case strings.HasSuffix(path, ".md"):
		return markdownPassages(path)
	case named && strings.HasSuffix(path, ".yaml"):
		return yamlPassages(path)
	}
	return nil, nil
}

func show(passages []passage) string {
	var b strings.Builder
	for _, p := range passages {
		for _, l := range p.lines {
			fmt.Fprintf(&b, "%s:%d: %s\n", p.file, l.number, l.text)
		}
	}
	return b.String()
}

func list(found []finding) string {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%s:%d: %s: %s\n", f.file, f.line, f.rule, f.message)
	}
	return b.String()
}

// tally is the number of findings of each folder and kind, in order.
func tally(found []finding) string {
	counts := map[string]int{}
	var keys []string
	for _, f := range found {
		key := fmt.Sprintf("%-26s %s", filepath.ToSlash(filepath.Dir(f.file)), f.kind)
		if counts[key] == 0 {
			keys = append(keys, key)
		}
		counts[key]++
	}
	slices.Sort(keys)
	var b strings.Builder
	for _, key := range keys {
		fmt.Fprintf(&b, "%5d  %s\n", counts[key], key)
	}
	fmt.Fprintf(&b, "%5d  all\n", len(found))
	return b.String()
}
