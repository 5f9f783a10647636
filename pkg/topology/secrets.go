package topology

import (
	"regexp"
	"strings"
)

var (
	// secretOption is an option that has a secret, up to its value: ldapbindpasswd=, radiussecrets=. PostgreSQL lets quotes stand anywhere
	// in a word, and JSON has a backslash before them.
	secretOption = regexp.MustCompile(`(?i)[\w"\\]*(` + apart("passw") + "|" + apart("passphrase") + "|" +
		apart("secret") + "|" + apart("pwd") + `)[\w"\\]*\s*=`)
	// secretURL is a URL with a user and a password.
	secretURL = regexp.MustCompile(`://[^/\s"@]*:[^/\s"]*@`)
	// secretWord is what a secret may follow in a line that somebody mistyped.
	secretWord = regexp.MustCompile(`(?i)pass|secret|pwd|://.*@`)
)

// apart is a pattern of a word with quotes anywhere in it.
func apart(word string) string { return strings.Join(strings.Split(word, ""), `["\\]*`) }

// HideSecrets is text without a secret in it, such as an option of a line of pg_hba.conf has one, and without what follows the secret.
func HideSecrets(text string) string {
	if at := secretOption.FindStringIndex(text); at != nil {
		text = text[:at[1]] + "…"
	}
	if at := secretURL.FindStringIndex(text); at != nil {
		text = text[:at[0]] + "://…"
	}
	return text
}

// secretOf is what of a line is secret, or "".
func secretOf(line string) string {
	if option := secretOption.FindString(line); option != "" {
		return strings.TrimSpace(strings.NewReplacer(`"`, "", `\`, "", "=", "").Replace(option))
	}
	if secretURL.MatchString(line) {
		return "the password in the URL"
	}
	return ""
}
