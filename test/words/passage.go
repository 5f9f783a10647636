package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// passage is one text: a paragraph of a page, a string of the program, or a comment. Its lines know where they are in the file.
type passage struct {
	file  string
	kind  string // pages, help, messages or comments
	lines []line
}

type line struct {
	number int
	text   string
}

var (
	prose     = regexp.MustCompile(`[A-Za-z]{2,}[,:;]? [A-Za-z]{2,}`)
	verbs     = regexp.MustCompile(`%[-+# 0-9.*\[\]]*[a-zA-Z]`)
	flagCalls = regexp.MustCompile(`^(String|Bool|Int|Duration|Var)\w*$`)
	yamlKey   = regexp.MustCompile(`^\w+: `)
	sentence  = regexp.MustCompile(`([.!?:] )gpk `)
	// SQL and shell
	foreign = regexp.MustCompile(`(?s)^\s*X?\s*(\(?select\s|\(s\.\w|do \$|with \w+ as|insert into|update \w+ set|delete from|` +
		`truncate \w|set [\w-]+ =|\\set |begin;|(create|alter|drop) (database|extension|table|role|schema|system)\s|copy \S+ (from|to) std|` +
		`set -|exec |for \w+ in|if \[|cd |\. )`)
)

func goPassages(path string) ([]passage, error) {
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, path, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	r := &reader{file: path, files: files}
	for _, group := range tree.Comments {
		r.comment(group)
	}
	for _, declaration := range tree.Decls {
		r.read(declaration, "messages")
	}
	return r.found, nil
}

// reader collects the passages of one Go file.
type reader struct {
	file  string
	files *token.FileSet
	found []passage
}

// read collects the strings below a node.
func (r *reader) read(root ast.Node, kind string) {
	ast.Inspect(root, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			n.Tag = nil
		case *ast.KeyValueExpr:
			return kind == "help" || !r.command(n)
		case *ast.CallExpr:
			return kind == "help" || !r.call(n)
		case *ast.BinaryExpr:
			return n.Op != token.ADD || !r.text(n, kind)
		case *ast.BasicLit:
			r.text(n, kind)
		}
		return true
	})
}

// command reads a field of a cobra command, if it is one: its help, or an example, which is no prose.
func (r *reader) command(field *ast.KeyValueExpr) bool {
	key, ok := field.Key.(*ast.Ident)
	if !ok {
		return false
	}
	switch key.Name {
	case "Short", "Long":
		r.read(field.Value, "help")
		return true
	}
	return key.Name == "Use" || key.Name == "Example"
}

// call reads a call that makes a flag, if it is one. One that makes a regular expression has nothing to read.
func (r *reader) call(call *ast.CallExpr) bool {
	called, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	if from, ok := called.X.(*ast.Ident); ok && from.Name == "regexp" {
		return true
	}
	if !flagCalls.MatchString(called.Sel.Name) || len(call.Args) < 3 {
		return false
	}
	r.read(call, "help")
	return true
}

// text adds a string, or a sum that has a string in it.
func (r *reader) text(expression ast.Expr, kind string) bool {
	p := passage{file: r.file, kind: kind}
	literals := 0
	var walk func(ast.Expr)
	walk = func(e ast.Expr) {
		switch e := e.(type) {
		case *ast.BinaryExpr:
			walk(e.X)
			walk(e.Y)
		case *ast.ParenExpr:
			walk(e.X)
		case *ast.BasicLit:
			text, err := strconv.Unquote(e.Value)
			if e.Kind != token.STRING || err != nil {
				return
			}
			literals++
			number := r.files.Position(e.Pos()).Line
			for i, part := range strings.Split(text, "\n") {
				if i > 0 && e.Value[0] == '`' {
					number++
				}
				p.add(number, verbs.ReplaceAllString(part, "X"), i > 0)
			}
		default:
			p.add(r.files.Position(e.Pos()).Line, "X", false)
		}
	}
	walk(expression)
	if all := p.String(); literals > 0 && prose.MatchString(all) && !foreign.MatchString(all) {
		r.found = append(r.found, p)
	}
	return literals > 0
}

func (r *reader) comment(group *ast.CommentGroup) {
	p := passage{file: r.file, kind: "comments"}
	for _, c := range group.List {
		if text, ok := strings.CutPrefix(c.Text, "// "); ok || c.Text == "//" {
			p.add(r.files.Position(c.Pos()).Line, strings.TrimPrefix(text, "//"), true)
		}
	}
	if len(p.lines) > 0 {
		r.found = append(r.found, p)
	}
}

// yamlPassages are the comments of a YAML file, such as the one that `gpk init` writes: the last of each line.
func yamlPassages(path string) ([]passage, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var found []passage
	for i, text := range strings.Split(string(content), "\n") {
		if at := strings.LastIndex(text, "# "); at >= 0 {
			text = text[at+2:]
			if prose.MatchString(text) && !yamlKey.MatchString(text) {
				found = append(found, passage{file: path, kind: "help", lines: []line{{i + 1, text}}})
			}
		}
	}
	return found, nil
}

// add appends to the passage, in a new line where it is one in the file or in the text.
func (p *passage) add(number int, text string, newline bool) {
	last := len(p.lines) - 1
	if last >= 0 && !newline && p.lines[last].number == number {
		p.lines[last].text += text
		return
	}
	p.lines = append(p.lines, line{number, text})
}

// String is the passage as Vale reads it: a line of Markdown in which nothing is markup. A sentence that begins with gpk is known by a
// capital letter.
func (p *passage) String() string {
	var b strings.Builder
	for i := range p.lines {
		b.WriteString(p.lines[i].plain() + " ")
	}
	return sentence.ReplaceAllString(b.String(), "${1}Gpk ")
}

func (l line) plain() string {
	markup := strings.NewReplacer("<", "(", ">", ")", "[", "(", "]", ")", "*", "", "#", "", "_", "-", "|", "/", "&", "and", "`", "'")
	return strings.TrimSpace(markup.Replace(l.text))
}

// at is the line of the file where a byte of the passage is.
func (p *passage) at(offset int) int {
	for i := range p.lines {
		if offset -= len(p.lines[i].plain()) + 1; offset < 0 {
			return p.lines[i].number
		}
	}
	return p.lines[len(p.lines)-1].number
}
