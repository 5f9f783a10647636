package segments

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRelease(t *testing.T) {
	tests := map[string]string{
		"postgres (Greenplum Database) 7.1.0 build commit:local\n":                                   "7.1.0",
		"postgres (Greenplum Database) 6.25.3 build commit:367edc6b4dfd909fe38fc288ade9e294d74e3f9a": "6.25.3",
		"postgres (Greenplum Database) 7.0.0-beta.4+dev.62.g0eb8fe8a81 build dev":                    "7.0.0-beta.4+dev.62.g0eb8fe8a81",
		"postgres (Greenplum stand-in) 7.1.0 build standin":                                          "7.1.0",
		"postgres (Greenplum Database) 6.27.5-WHPG build dev":                                        "6.27.5-WHPG",
		"postgres (Apache Cloudberry) 2.1.0-incubating build 1 (Release)":                            "2.1.0-incubating",
		"postgres (MatrixDB) 4.8.0-community (Greenplum Database) 7.0.0+dev.17004 build x":           "7.0.0+dev.17004",
		"Welcome to the image\npostgres (Cloudberry Database) 1.6.0 build 1":                         "1.6.0",
		"postgres (PostgreSQL) 15":          "",
		"bash: postgres: command not found": "",
		"":                                  "",
		"postgres (PostgreSQL) 15.4 (Debian 15.4-1.pgdg1)": "",
	}
	for out, want := range tests {
		if got, err := Release(out); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", out, got, err, want)
		}
	}
}

// A release that gpk cannot run says why, and a name that gpk does not know is no reason.
func TestImageFault(t *testing.T) {
	for line, want := range map[string]struct{ faulty, stranger bool }{
		"postgres (Greenplum Database) 5.28.0 build x":                    {true, false},
		"postgres (Greenplum Database) 6.0.0 build x":                     {false, false},
		"postgres (Greenplum Database) 10.0.0 build x":                    {false, false},
		"postgres (Apache Cloudberry) 2.1.0-incubating build 1 (Release)": {false, false},
		"postgres (Greengage Database) 7.4.1 build dev":                   {false, true},
		"postgres (Lightning) 1.0.0":                                      {false, true},
	} {
		image, err := ParseImage("release " + line + "\nend\n")
		if err != nil || (image.Fault() != "") != want.faulty || image.Stranger() != want.stranger {
			t.Errorf("%s: %q, a stranger: %v, error %v", line, image.Fault(), image.Stranger(), err)
		}
	}
}

func TestSameRelease(t *testing.T) {
	tests := []struct {
		release, wanted string
		same            bool
	}{
		{"7.1.0", "7.1.0", true},
		{"7.1.0+dev.12.gabc", "7.1.0", true},
		{"7.1.0+dev.12.gabc", "7.1.0+dev.12.gabc", true},
		{"7.1.0+dev.12.gabc", "7.1.0+dev.13", false},
		{"7.1.0", "7.1.1", false},
		{"7.1.0-beta.1", "7.1.0", false},
		{"7.1.0-beta.1+dev.2", "7.1.0-beta.1", true},
		{"7.1.0", "7.1.0-beta.1", false},
	}
	for _, test := range tests {
		if SameRelease(test.release, test.wanted) != test.same {
			t.Errorf("%s for %s: %v", test.release, test.wanted, !test.same)
		}
	}
}

func TestParseImage(t *testing.T) {
	image, err := ParseImage("missing rsync\nmissing the locale en_US.UTF-8\nrelease postgres (Greenplum Database) 7.1.0 build x\nend\n")
	want := Image{Product: "Greenplum Database", Release: "7.1.0", Missing: []string{"rsync", "the locale en_US.UTF-8"}}
	if diff := cmp.Diff(want, image); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	image, err = ParseImage("release postgres (Greenplum Database) 7.1.0 build x\nrefused work_mem FATAL:  invalid value: \"plenty\"\n" +
		`refused no_such 2026-11-23 08:37:59 GMT,,,p5583,th1,,,,0,,,seg-10000,,,,,"FATAL","42704","unrecognized configuration parameter ""no_such""",,,,,,,,"x","guc.c",7028,` +
		"\nend\n")
	want = Image{Product: "Greenplum Database", Release: "7.1.0", Refused: []string{`work_mem: invalid value: "plenty"`, `no_such: unrecognized configuration parameter "no_such"`}}
	if diff := cmp.Diff(want, image); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	image, err = ParseImage("missing the locale de_DE.UTF-8\nlocales C en_US.utf8\nrelease postgres (Greenplum Database) 7.1.0\n" +
		"refused a FATAL:  no\nrefused b\nunlisted 3\nend\n")
	want = Image{Product: "Greenplum Database", Release: "7.1.0", Missing: []string{"the locale de_DE.UTF-8"}, Locales: []string{"C", "en_US.utf8"}, Refused: []string{"a: no", "b", "and 3 more"}}
	if diff := cmp.Diff(want, image); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, out := range []string{"", "missing rsync\n", "release postgres 12\nend\n", "bash: no such file\nend\n"} {
		if image, err := ParseImage(out); err == nil {
			t.Errorf("%q: %+v", out, image)
		}
	}
}

func TestCatalogueVersion(t *testing.T) {
	for out, want := range map[string]string{
		"Catalog version number:               302305251\n": "302305251",
		"postgres: unrecognized option":                     "",
		"":                                                  "",
	} {
		if got, err := CatalogueVersion(out); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", out, got, err)
		}
	}
}
