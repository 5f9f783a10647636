package segments

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParseVerify(t *testing.T) {
	tests := map[string]struct{ out, want string }{
		"right":            {`{"rows" : 1000, "sum" : 500500, "primaries" : 2}` + "\n", ""},
		"rows lost":        {`{"rows":999,"sum":499500,"primaries":2}`, "999 with the sum 499500 came back"},
		"another value":    {`{"rows":1000,"sum":500501,"primaries":2}`, "1000 with the sum 500501 came back"},
		"an empty table":   {`{"rows":0,"sum":null,"primaries":2}`, "0 with the sum 0 came back"},
		"a primary mute":   {`{"rows":1000,"sum":500500,"primaries":1}`, "1 of 2 primaries answered"},
		"one too many":     {`{"rows":1000,"sum":500500,"primaries":3}`, "3 of 2 primaries answered"},
		"cut off":          {`{"rows":1000,"sum":500500`, "cannot read"},
		"nothing":          {"", "cannot read"},
		"another timeline": {`{"rows":1000,"sum":500500,"written":"00000001","timeline":"00000002","primaries":2}`, "no row yet of the coordinator's timeline 00000002"},
		"this timeline":    {`{"rows":1000,"sum":500500,"written":"00000002","timeline":"00000002","primaries":2}`, ""},
		"something else":   {"FATAL: the database system is starting up\n", "FATAL"},
	}
	for name, test := range tests {
		err := ParseVerify(test.out, 2)
		if got := fmt.Sprint(err); test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(got, test.want)) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestVerifySQL(t *testing.T) {
	if sql := VerifyWriteSQL(); !strings.Contains(sql, "generate_series(1, 1000)") || !strings.Contains(sql, "as timeline \\gset\n") ||
		strings.Count(sql, ";") != 4 {
		t.Errorf("the rows are written by %q", sql)
	}
}

// Names reach SQL as they are.
func TestSQLQuoting(t *testing.T) {
	for name, want := range map[string]string{
		"analytics":              `create database "analytics";` + "\n",
		`a"; drop database b;--`: `create database "a""; drop database b;--";` + "\n",
		"Ä b":                    `create database "Ä b";` + "\n",
	} {
		if got := CreateDatabaseSQL(name); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got, want := DatabaseExistsSQL(`it's`), "select exists (select from pg_database where datname = 'it''s');\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// SQL and file contents go by standard input: other processes and the API server's audit log see an argv.
func TestNothingSecretInArgv(t *testing.T) {
	sql := Psql("postgres", "demo-coordinator.analytics.svc", "alter role gpadmin password 'secret';")
	if !slices.Equal(sql.Argv, []string{"/bin/bash", "/gpk/scripts/run.sh", "psql", "-d", "dbname='postgres' connect_timeout=10", "-h", "demo-coordinator.analytics.svc",
		"-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"}) || !strings.Contains(sql.Stdin, "secret") {
		t.Errorf("psql is called as %q with %q", sql.Argv, sql.Stdin)
	}
	hba := HBAScript("write", "host all all all trust\n", "/greenplum/coordinator/gpseg-1")
	if strings.Contains(strings.Join(hba.Argv, " "), "host all") || hba.Stdin != "host all all all trust\n" || !slices.Equal(hba.Argv[1:],
		[]string{"/gpk/scripts/hba.sh", "write", "/greenplum/coordinator/gpseg-1"}) {
		t.Errorf("pg_hba.conf is written by %q with %q", hba.Argv, hba.Stdin)
	}
}

func TestPsqlLocal(t *testing.T) {
	if argv := PsqlArgv("a b", "", "-c", "select 1"); !slices.Equal(argv, []string{"psql", "-d", "dbname='a b'", "-c", "select 1"}) {
		t.Errorf("got %q", argv)
	}
}

// psql reads what has a = or begins like a URL as a connection string. A database may be called so, and is then the one meant, whoever
// calls psql.
func TestDatabaseNames(t *testing.T) {
	for name, want := range map[string]string{
		"a=b":                               "dbname='a=b'",
		"host=evil.example user=x dbname=y": "dbname='host=evil.example user=x dbname=y'",
		"postgresql://evil.example/x":       "dbname='postgresql://evil.example/x'",
		"postgres://evil.example/x":         "dbname='postgres://evil.example/x'",
		`x' host='evil.example`:             `dbname='x\' host=\'evil.example'`,
		`x\' host=evil.example`:             `dbname='x\\\' host=evil.example'`,
		`back\`:                             `dbname='back\\'`,
		"-h":                                "dbname='-h'",
		"two\nlines":                        "dbname='two\nlines'",
		"日本":                                "dbname='日本'",
		"":                                  "dbname=''",
	} {
		for _, argv := range [][]string{Psql(name, "", "select 1").Argv, Analyze(name).Argv, PsqlArgv(name, "")} {
			if at := slices.Index(argv, "-d"); at < 0 || argv[at+1] != want {
				t.Errorf("of %q: %q, want %s", name, argv, want)
			}
		}
	}
}
