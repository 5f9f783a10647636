package segments

import (
	"crypto/md5" //nolint:gosec // a form in which others may have stored a password
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"
)

// scramIterations is PostgreSQL's own number, SCRAM_SHA_256_DEFAULT_ITERATIONS.
const scramIterations = 4096

// RolesSQL prints the stored passwords of roles that exist, for ParseRoles: no passwords, but not for everybody's eyes either.
func RolesSQL(names []string) string {
	return "select coalesce(json_object_agg(rolname, coalesce(rolpassword, '')), '{}') from pg_authid where rolname in (" +
		literals(names) + ");\n"
}

// ParseRoles reads the answer of RolesSQL: the stored password of each role, "" for none.
func ParseRoles(out string) (map[string]string, error) {
	var stored map[string]string
	if err := json.Unmarshal([]byte(out), &stored); err != nil {
		return nil, fmt.Errorf("the roles could not be read: %w", err)
	}
	return stored, nil
}

// unlogged keeps the statements behind it in a session out of the server's log, however they end, since gpinitsystem has the
// coordinator log each of them. Psql then shows no line of a statement that fails.
const unlogged = `\set VERBOSITY terse
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = panic;
`

// PasswordSQL gives a role a password, and makes the role if it is not there. What is sent is what the server will store:
// the password itself never reaches the server. What it stores is as good as one to guess passwords by, and to log in with
// where it is MD5: so the log has neither.
func PasswordSQL(role string, exists bool, stored string) string {
	verb, login := "alter", ""
	if !exists {
		verb, login = "create", "login "
	}
	return unlogged + verb + " role " + identifier(role) + " " + login + "password " + literal(stored) + ";\n"
}

// StorePassword is a password in the form that servers store: SCRAM-SHA-256.
func StorePassword(password string) (string, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	return scramPassword(password, salt, scramIterations)
}

// PasswordMatches reports whether a stored password was made from a password, by gpk or by anybody else: it may be MD5.
func PasswordMatches(stored, role, password string) bool {
	again := md5Password(role, password)
	if rest, ok := strings.CutPrefix(stored, "SCRAM-SHA-256$"); ok {
		factors, _, _ := strings.Cut(rest, "$")
		count, encoded, _ := strings.Cut(factors, ":")
		salt, saltErr := base64.StdEncoding.DecodeString(encoded)
		iterations, countErr := strconv.Atoi(count)
		if saltErr != nil || countErr != nil {
			return false
		}
		var err error
		if again, err = scramPassword(password, salt, iterations); err != nil {
			return false
		}
	}
	return subtle.ConstantTimeCompare([]byte(again), []byte(stored)) == 1
}

// scramPassword has the form SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY of PostgreSQL's pg_authid.
func scramPassword(password string, salt []byte, iterations int) (string, error) {
	client, err := scram.SHA256.NewClient("", password, "")
	if err != nil {
		// What SASLprep refuses, PostgreSQL takes as it is.
		if client, err = scram.SHA256.NewClientUnprepped("", password, ""); err != nil {
			return "", err
		}
	}
	keys, err := client.WithMinIterations(1).GetStoredCredentialsWithError(scram.KeyFactors{Salt: string(salt), Iters: iterations})
	if err != nil {
		return "", err
	}
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, encode(salt), encode(keys.StoredKey), encode(keys.ServerKey)), nil
}

func md5Password(role, password string) string {
	sum := md5.Sum([]byte(password + role)) //nolint:gosec // see the import
	return "md5" + hex.EncodeToString(sum[:])
}
