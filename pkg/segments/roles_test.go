package segments

import (
	"strings"
	"testing"
)

// Both stored passwords were made by a PostgreSQL 15 server, for the role visitor and the password "open sesame".
const (
	storedSCRAM = "SCRAM-SHA-256$4096:iF16X6PxQSCWet0hRZp5dA==$Jzb/UHEUByWysEjhLxAjjM5T2UGu2P1cjG1K2cUvQ+U=:jhIrGcUVNM+sk7zvr/qc77c/e3jnXRkAXieWMfJPVLU="
	storedMD5   = "md50086657230cd26cd658fceecef4f361b"
)

func TestPasswordMatches(t *testing.T) {
	for _, stored := range []string{storedSCRAM, storedMD5} {
		if !PasswordMatches(stored, "visitor", "open sesame") {
			t.Errorf("the server's own %.20s... is not known again", stored)
		}
		for _, wrong := range []string{"", "open sesam", "open sesame "} {
			if PasswordMatches(stored, "visitor", wrong) {
				t.Errorf("%q matches %.20s...", wrong, stored)
			}
		}
	}
	for _, broken := range []string{"", "SCRAM-SHA-256$", "SCRAM-SHA-256$x:y$z", "SCRAM-SHA-256$4096:AAAA", "md5"} {
		if PasswordMatches(broken, "visitor", "open sesame") {
			t.Errorf("%q matches", broken)
		}
	}
}

func TestStorePassword(t *testing.T) {
	for _, password := range []string{"open sesame", "pässwörd", "a\u00a0b", "'; drop role gpadmin; --"} {
		stored, err := StorePassword("visitor", password)
		if err != nil || !strings.HasPrefix(stored.SCRAM, "SCRAM-SHA-256$4096:") || !PasswordMatches(stored.SCRAM, "visitor", password) ||
			!PasswordMatches(stored.MD5, "visitor", password) {
			t.Errorf("%q: %q, error %v", password, stored, err)
		}
		if again, err := StorePassword("visitor", password); err != nil || again.SCRAM == stored.SCRAM {
			t.Errorf("%q: the salt is the same twice, error %v", password, err)
		}
	}
}

func TestRoleSQL(t *testing.T) {
	const quiet = "\\set VERBOSITY terse\nset log_statement = 'none';\nset log_min_duration_statement = -1;\n" +
		"set log_min_error_statement = panic;\n"
	verifiers := Verifiers{SCRAM: "SCRAM$a'b", MD5: "md5ab"}
	const choice = "\\set scram 'SCRAM$a''b'\n\\set md5 'md5ab'\n" +
		"select case when " + storesSCRAM + " then ':''scram''' else ':''md5''' end as stored \\gset\n"
	if got, want := PasswordSQL(`o"brien`, false, verifiers), choice+quiet+`create role "o""brien" login password :stored;`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := PasswordSQL("visitor", true, verifiers), choice+quiet+`alter role "visitor" password :stored;`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := ParseRoles(""); err == nil {
		t.Error("no answer is taken for no roles")
	}
	if got, err := ParseRoles(`{"visitor":""}`); err != nil || len(got) != 1 {
		t.Errorf("got %v, error %v", got, err)
	}
}
