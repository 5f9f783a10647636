// Package protobuf has no grammar: see the package above.
package protobuf

import sitter "github.com/smacker/go-tree-sitter"

// GetLanguage gives none.
func GetLanguage() *sitter.Language { return nil }
