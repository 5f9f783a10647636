// Package sitter stands in for the parser with which Vale finds comments in source code. The real one is C and needs a C compiler; Vale
// reads Markdown and plain text here and never calls it. Each call ends the program.
package sitter

import "context"

const unused = "this Vale is built without its parsers of source code: give it text"

type (
	// Language is a grammar.
	Language struct{}
	// Parser parses by a grammar.
	Parser struct{}
	// Tree is what was parsed.
	Tree struct{}
	// Node is a part of a tree.
	Node struct{}
	// Point is a place in the source.
	Point struct{ Row, Column uint32 }
	// Query asks for nodes.
	Query struct{}
	// QueryCursor goes through the answers.
	QueryCursor struct{}
	// QueryCapture is one node of an answer.
	QueryCapture struct {
		Index uint32
		Node  *Node
	}
	// QueryMatch is one answer.
	QueryMatch struct{ Captures []QueryCapture }
)

// NewParser ends the program.
func NewParser() *Parser { panic(unused) }

// SetLanguage ends the program.
func (*Parser) SetLanguage(*Language) { panic(unused) }

// ParseCtx ends the program.
func (*Parser) ParseCtx(context.Context, *Tree, []byte) (*Tree, error) { panic(unused) }

// RootNode ends the program.
func (*Tree) RootNode() *Node { panic(unused) }

// Content ends the program.
func (*Node) Content([]byte) string { panic(unused) }

// StartPoint ends the program.
func (*Node) StartPoint() Point { panic(unused) }

// NewQuery ends the program.
func NewQuery([]byte, *Language) (*Query, error) { panic(unused) }

// CaptureNameForId ends the program.
func (*Query) CaptureNameForId(uint32) string { panic(unused) }

// NewQueryCursor ends the program.
func NewQueryCursor() *QueryCursor { panic(unused) }

// Exec ends the program.
func (*QueryCursor) Exec(*Query, *Node) { panic(unused) }

// NextMatch ends the program.
func (*QueryCursor) NextMatch() (*QueryMatch, bool) { panic(unused) }

// FilterPredicates ends the program.
func (*QueryCursor) FilterPredicates(*QueryMatch, []byte) *QueryMatch { panic(unused) }
