package main

import (
	"os"
	"regexp"
	"strings"
)

var (
	item  = regexp.MustCompile(`^\s*(?:[-*]|\d+\.|#+)\s+`)
	ruler = regexp.MustCompile(`^[\s|:-]+$`)
	code  = regexp.MustCompile("`[^`]*`")
	link  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// markdownPassages are the paragraphs, headings, items and table cells of a page, without its code. Vale reads Markdown too, but drops
// what it finds across two lines of an item, or across a link.
func markdownPassages(path string) ([]passage, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var found []passage
	fenced, open := false, false
	for i, text := range strings.Split(string(content), "\n") {
		fence := strings.HasPrefix(strings.TrimSpace(text), "```")
		text = link.ReplaceAllString(code.ReplaceAllString(text, "X"), "$1")
		switch {
		case fence:
			fenced, open = !fenced, false
		case fenced:
		case strings.TrimSpace(text) == "", ruler.MatchString(text):
			open = false
		case strings.HasPrefix(strings.TrimSpace(text), "|"):
			open = false
			for cell := range strings.SplitSeq(strings.ReplaceAll(strings.Trim(text, "| "), "<br>", "|"), "|") {
				found = append(found, passage{path, "pages", []line{{i + 1, cell}}})
			}
		case open && !item.MatchString(text):
			last := &found[len(found)-1]
			last.lines = append(last.lines, line{i + 1, text})
		default:
			found = append(found, passage{path, "pages", []line{{i + 1, item.ReplaceAllString(text, "")}}})
			open = !strings.HasPrefix(text, "#")
		}
	}
	return found, nil
}
