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

// Verifiers are the forms of a password that servers store. The password itself never reaches a server.
type Verifiers struct {
	// SCRAM is SCRAM-SHA-256.
	SCRAM string
	// MD5 is for Greenplum 6, unless its password_hash_algorithm is SCRAM-SHA-256. Whoever has it can log in by it.
	MD5 string
}

// PasswordSQL gives a role a password, and makes the role if it is not there. psql sends the one form that the server will store. That is
// as good as a password to guess passwords by, and to log in with where it is MD5: so the log has neither.
func PasswordSQL(role string, exists bool, stored Verifiers) string {
	verb, login := "alter", ""
	if !exists {
		verb, login = "create", "login "
	}
	// psql replaces a variable within a variable's text.
	return "\\set scram " + literal(stored.SCRAM) + "\n\\set md5 " + literal(stored.MD5) + "\n" +
		choice("stored", storesSCRAM, ":'scram'", ":'md5'") + unlogged + verb + " role " + identifier(role) + " " + login + "password :stored;\n"
}

// StorePassword is a role's password in the forms that servers store.
func StorePassword(role, password string) (Verifiers, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return Verifiers{}, err
	}
	verifier, err := scramPassword(password, salt, scramIterations)
	return Verifiers{verifier, md5Password(role, password)}, err
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
