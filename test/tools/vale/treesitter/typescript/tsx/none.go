// Package tsx has no grammar: see the package above.
package tsx

import sitter "github.com/smacker/go-tree-sitter"

// GetLanguage gives none.
func GetLanguage() *sitter.Language { return nil }
