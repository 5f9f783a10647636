package topology

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// typesSource has the words of the schema: the doc comments of the types.
//
//go:embed types.go
var typesSource string

// docComments are the doc comments of the types and of their fields, each on one line.
func docComments() (map[string]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "types.go", typesSource, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("the doc comments of the schema: %w", err)
	}
	words, owner := map[string]string{}, ""
	var doc *ast.CommentGroup
	ast.Inspect(file, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.GenDecl:
			doc = n.Doc
		case *ast.TypeSpec:
			owner = n.Name.Name
			words[owner] = oneLine(doc)
		case *ast.Field:
			for _, name := range n.Names {
				words[owner+"."+name.Name] = oneLine(n.Doc)
			}
		}
		return true
	})
	return words, nil
}

func oneLine(comment *ast.CommentGroup) string {
	return strings.Join(strings.Fields(comment.Text()), " ")
}
