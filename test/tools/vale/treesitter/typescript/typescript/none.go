// Package typescript has no grammar: see the package above.
package typescript

import sitter "github.com/smacker/go-tree-sitter"

// GetLanguage gives none.
func GetLanguage() *sitter.Language { return nil }
