package apply

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"k8s.io/client-go/rest"

	"gpk/test/apitest"
)

// Every action that a plan can have is carried out by a room of steps, and no room carries out what no plan has.
func TestEveryActionHasAHandler(t *testing.T) {
	var actions []string
	files, err := filepath.Glob("../plan/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "action" && f.Recv != nil {
				actions = append(actions, f.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	var handled []string
	for action := range clusterFor(t, &rest.Config{Host: "http://" + apitest.Ref.Name}).handlers {
		handled = append(handled, action.Name())
		if action.Kind() == reflect.Pointer {
			t.Errorf("%s is a pointer, and plans hold values", action)
		}
	}
	slices.Sort(actions)
	slices.Sort(handled)
	if !slices.Equal(actions, handled) {
		t.Errorf("plans have %q\nand handled are %q", actions, handled)
	}
}
