// Package css has no grammar: see the package above.
package css

import sitter "github.com/smacker/go-tree-sitter"

// GetLanguage gives none.
func GetLanguage() *sitter.Language { return nil }
