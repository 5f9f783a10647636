package rights

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"gpk/test/golden"
)

const page = "../../../docs/rights.md"

// The tables of docs/rights.md are those of this package. Under -update they are written there.
func TestPage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for _, table := range []string{commandTable(), rareTable(), optionalTable()} {
		head, _, _ := strings.Cut(table, "\n")
		before, rest, found := strings.Cut(want, head+"\n")
		_, after, ends := strings.Cut(rest, "\n\n")
		if !found || !ends {
			t.Fatalf("%s has no table that begins with %s", page, head)
		}
		want = before + table + "\n" + after
	}
	golden.Compare(t, page, want)
}

func commandTable() string {
	rows := []string{"| command | verbs and resources |", "| --- | --- |"}
	for _, c := range commands {
		lines := groups(c)
		if c.As != "" {
			lines = append([]string{fmt.Sprintf("as `%s`, and", c.As)}, lines...)
		}
		if c.Note != "" {
			lines = append(lines, c.Note)
		}
		rows = append(rows, fmt.Sprintf("| %s | %s |", quoted(append([]string{c.Name}, c.Also...)), strings.Join(lines, "<br>")))
	}
	return strings.Join(rows, "\n") + "\n"
}

// groups are the rights of a command: a line for each set of verbs, with the resources that it is about.
func groups(c Command) []string {
	var resources []string
	verbsOn := map[string][]string{}
	rights := slices.Clone(c.Rights)
	if with := c.Policies[With]; with != nil {
		rights = append(rights, Right{with, policyResource, ""})
	}
	for _, right := range rights {
		if !slices.Contains(resources, right.Resource) {
			resources = append(resources, right.Resource)
		}
		verbsOn[right.Resource] = append(verbsOn[right.Resource], right.Verbs...)
	}
	var lines, of []string
	for _, resource := range resources {
		ordered := slices.DeleteFunc(slices.Clone(verbs), func(verb string) bool { return !slices.Contains(verbsOn[resource], verb) })
		line := strings.Join(ordered, ", ")
		at := slices.Index(of, line)
		if at < 0 {
			of, lines = append(of, line), append(lines, line+" "+resource)
			continue
		}
		lines[at] += ", " + resource
	}
	if without := c.Policies[Without]; without != nil {
		lines = append(lines, fmt.Sprintf("With `network.segmentsOpenToAllPods: true`, the only verbs on %s are %s", policyResource, strings.Join(without, ", ")))
	}
	return lines
}

func rareTable() string {
	rows := []string{"| right | command | case |", "| --- | --- | --- |"}
	for _, r := range rare {
		what, command := "create, with patch on the same resource", "all"
		if len(r.Rights) > 0 {
			var parts []string
			for _, group := range groups(Command{Rights: r.Rights}) {
				parts = append(parts, onGroup(group))
			}
			what = strings.Join(parts, ", ")
		}
		if len(r.Commands) > 0 {
			command = quoted(r.Commands)
		}
		rows = append(rows, fmt.Sprintf("| %s | %s | %s |", what, command, r.Case))
	}
	return strings.Join(rows, "\n") + "\n"
}

// onGroup is "get, list on configmaps" of "get, list configmaps".
func onGroup(group string) string {
	words := strings.Fields(group)
	at := slices.IndexFunc(words, func(word string) bool { return !slices.Contains(verbs, strings.TrimSuffix(word, ",")) })
	return strings.Join(slices.Insert(words, at, "on"), " ")
}

func optionalTable() string {
	rows := []string{"| right | for |", "| --- | --- |"}
	for _, o := range optional {
		rows = append(rows, fmt.Sprintf("| %s | %s |", o.What, o.For))
	}
	return strings.Join(rows, "\n") + "\n"
}

func quoted(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }
