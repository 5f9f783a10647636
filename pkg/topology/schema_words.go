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
	words := map[string]string{}
	for _, declaration := range file.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok || general.Tok != token.TYPE {
			continue
		}
		for _, spec := range general.Specs {
			declared := spec.(*ast.TypeSpec)
			words[declared.Name.Name] = oneLine(general.Doc)
			structure, ok := declared.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range structure.Fields.List {
				for _, name := range f.Names {
					words[declared.Name.Name+"."+name.Name] = oneLine(f.Doc)
				}
			}
		}
	}
	return words, nil
}

func oneLine(comment *ast.CommentGroup) string {
	return strings.Join(strings.Fields(comment.Text()), " ")
}
