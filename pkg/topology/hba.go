package topology

import (
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// The first and the last word of a line of pg_hba.conf, by PostgreSQL's documentation. It has two more methods, sspi and bsd,
// which no server on Linux knows, and radius, which cannot do without a secret in its line.
var (
	hbaTypes   = []string{"local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc"}
	hbaMethods = []string{
		"scram-sha-256", "md5", "password", "reject", "gss", "ident", "peer", "ldap", "cert", "pam", "trust",
	}
	// hbaWord is a word, or a list of words with commas, each in quotes or not.
	hbaWord = regexp.MustCompile(`(?:"[^"]*"|[^\s",#]|,\s*)+`)
	hbaHost = regexp.MustCompile(`^\.?[0-9A-Za-z_]([0-9A-Za-z_-]*[0-9A-Za-z_])?(\.[0-9A-Za-z_]([0-9A-Za-z_-]*[0-9A-Za-z_])?)*$`)
)

const keptInConfigMap = "gpk keeps cluster.yaml in a ConfigMap, which is no place for one"

// shownHBA is a line for a message: "the line" where a secret may be in it.
func shownHBA(line string) string {
	if secretWord.MatchString(strings.ReplaceAll(line, `"`, "")) {
		return "the line"
	}
	return quoted(line, true)
}

// hbaComplaint is what is wrong with a line of pg_hba.conf and what is allowed, or "".
func hbaComplaint(line string) string {
	if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
		return "give one line of pg_hba.conf in each entry"
	}
	if secret := secretOf(line); secret != "" {
		return secret + " is a secret, and " + keptInConfigMap + ": give a method without a secret in its line, such as scram-sha-256, " +
			"or ldap with ldapprefix and ldapsuffix"
	}
	words := hbaWord.FindAllString(line, -1)
	if left := hbaWord.ReplaceAllString(line, ""); strings.TrimSpace(left) != "" {
		return "a quote is not closed, or there is a comment: give the words of one line of pg_hba.conf"
	}
	for i, word := range words {
		words[i] = strings.Trim(strings.TrimSpace(word), `"`)
	}
	if len(words) == 0 || !slices.Contains(hbaTypes, words[0]) {
		return "the first word is one of " + strings.Join(hbaTypes, ", ")
	}
	if words[0] == "local" {
		if len(words) < 4 {
			return "give: local DATABASE USER METHOD"
		}
		return hbaMethodComplaint(words[0], words[3], words[4:])
	}
	if len(words) < 5 {
		return "give: " + words[0] + " DATABASE USER ADDRESS METHOD"
	}
	rest, complaint := hbaAfterAddress(words[3:])
	if complaint != "" {
		return complaint
	}
	return hbaMethodComplaint(words[0], rest[0], rest[1:])
}

// hbaAfterAddress is what follows the address, which may be two words: an address and a mask.
func hbaAfterAddress(words []string) (rest []string, complaint string) {
	address := words[0]
	if prefix, err := netip.ParsePrefix(address); err == nil {
		if prefix != prefix.Masked() {
			return nil, "the address has bits set behind its mask: give " + prefix.Masked().String()
		}
		return words[1:], ""
	}
	if ip := net.ParseIP(address); ip != nil {
		if len(words) < 3 || net.ParseIP(words[1]) == nil {
			return nil, "an address needs its mask: give " + address + "/32, or /128 for IPv6"
		}
		if strings.Contains(address, ":") != strings.Contains(words[1], ":") {
			return nil, "the address and its mask are of one kind: both IPv4, or both IPv6"
		}
		return words[2:], ""
	}
	if !hbaHost.MatchString(address) { // all, samehost and samenet look like names of hosts
		return nil, "the fourth word is an address such as 10.0.0.0/8, a host name, a .domain, all, samehost or samenet"
	}
	return words[1:], ""
}

// hbaMethodComplaint is about what the method does not go with, and the options that it cannot do without. The server knows more
// of them.
func hbaMethodComplaint(kind, method string, options []string) string {
	local := kind == "local"
	switch {
	case method == "radius":
		return "radius needs a secret in its line, and " + keptInConfigMap + ": give another method, such as scram-sha-256 or ldap"
	case !slices.Contains(hbaMethods, method):
		return "the method is one of " + strings.Join(hbaMethods[:len(hbaMethods)-1], ", ")
	case method == "trust" && !local:
		return "trust lets anyone in who says a user's name: give scram-sha-256"
	case method == "peer" && !local:
		return "peer works for local connections only: give scram-sha-256"
	case method == "gss" && local:
		return "gss does not work for local connections: give peer"
	case method == "cert" && kind != "hostssl":
		return "cert works for hostssl only: give hostssl, or another method"
	}
	given := map[string]bool{}
	for _, option := range options {
		name, _, found := strings.Cut(option, "=")
		if !found || name == "" {
			return "behind the method there are only options: NAME=VALUE"
		}
		given[name] = true
	}
	if method == "ldap" && !given["ldapurl"] && !given["ldapbasedn"] && !given["ldapprefix"] && !given["ldapsuffix"] {
		return "ldap needs ldapurl, ldapbasedn, ldapprefix or ldapsuffix behind it"
	}
	return ""
}
