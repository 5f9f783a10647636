// Package julia has no grammar: see the package sitter.
package julia

import sitter "github.com/smacker/go-tree-sitter"

// GetLanguage gives none.
func GetLanguage() *sitter.Language { return nil }
