package segments

import (
	"strings"
	"testing"

	"gpk/pkg/topology"
)

// The lines are what Greenplum 7.1 and PostgreSQL 15 print.
func TestSettingFault(t *testing.T) {
	for said, want := range map[string]string{
		`2026-11-22 17:58:01.088087 GMT,,,p4848,th-1069024896,,,,0,,,seg-10000,,,,,"FATAL","22023","invalid value for parameter ""max_connections"": ""abc""",,,,,,,,"parse_and_validate_value","guc.c",6817,` + "\n":                                                `invalid value for parameter "max_connections": "abc"`,
		`2026-11-22 17:58:01.151574 GMT,,,p4851,th-1266329216,,,,0,,,seg-10000,,,,,"FATAL","22023","invalid value for parameter ""shared_buffers"": ""12XB""",,"Valid units for this parameter are ""B"" and ""kB"".",,,,,,"parse_and_validate_value","guc.c",6817,`: `invalid value for parameter "shared_buffers": "12XB" Valid units for this parameter are "B" and "kB".`,
		"2026-11-22 18:00:00.000 GMT [12] FATAL:  parameter \"fsync\" requires a Boolean value\n": `parameter "fsync" requires a Boolean value`,
		"bash: postgres: command not found\nmore\n":                                               "bash: postgres: command not found",
	} {
		if got := SettingFault(said); got != want {
			t.Errorf("%s\n%q instead of\n%q", said, got, want)
		}
	}
}

func TestParseServerSettings(t *testing.T) {
	settings, err := ParseServerSettings(`[{"name":"work_mem","value":"32MB","context":"user","pending":false},
 {"name":"max_connections","value":"50","context":"postmaster","pending":true},
 {"name":"block_size","value":"32768","context":"internal","pending":false}]`)
	if err != nil || len(settings) != 3 {
		t.Fatalf("%+v, %v", settings, err)
	}
	if settings[0].Restart() || settings[0].Fixed() || !settings[1].Restart() || !settings[1].Pending || !settings[2].Fixed() {
		t.Errorf("%+v", settings)
	}
	if _, err := ParseServerSettings("psql: error"); err == nil {
		t.Error("no settings and no error")
	}
}

// What is bounded is tried behind its bound, and without the file, which may have another of both.
func TestTrySetting(t *testing.T) {
	most := []Setting{{"max_statement_mem", "8GB"}}
	for _, test := range []struct {
		setting Setting
		want    string
	}{
		{Setting{"work_mem", "1MB"}, "postgres -C work_mem -c work_mem=1MB -D " + topology.CoordinatorDir},
		{Setting{"Statement_Mem", "4GB"}, "postgres -C Statement_Mem -c max_statement_mem=8GB -c Statement_Mem=4GB -D " + topology.CoordinatorDir +
			" --config-file=/dev/null"},
		{most[0], "postgres -C max_statement_mem -c max_statement_mem=8GB -c max_statement_mem=8GB -D " + topology.CoordinatorDir +
			" --config-file=/dev/null"},
	} {
		if argv := strings.Join(TrySetting(test.setting, most).Argv, " "); !strings.HasSuffix(argv, test.want) {
			t.Errorf("got %q, want %q", argv, test.want)
		}
	}
}

// The answer is what a PostgreSQL 15 server has printed after ALTER SYSTEM and a line in its postgresql.conf.
func TestParseFileSettings(t *testing.T) {
	found, err := ParseFileSettings(`[{"name":"max_connections","value":"77","altered":true,"pending":true},` + " \n" +
		` {"name":"my.thing","value":"x y","altered":false,"pending":false},` + " \n" +
		` {"name":"work_mem","value":null,"altered":false,"pending":false}]` + "\n")
	if err != nil || len(found) != 3 {
		t.Fatalf("found %v, error %v", found, err)
	}
	if s := found["max_connections"]; !s.Has("77") || !s.Altered || !s.Pending {
		t.Errorf("found %+v", s)
	}
	if s := found["my.thing"]; !s.Has("x y") || s.Altered || s.Pending {
		t.Errorf("found %+v", s)
	}
	if s := found["work_mem"]; s.Value != nil || s.Has("") {
		t.Errorf("found %+v", s)
	}
	if _, err := ParseFileSettings(""); err == nil {
		t.Error("no answer is taken for no settings")
	}
	if sql := FileSettingsSQL([]string{"work_mem", "it's"}); !strings.Contains(sql, "array['work_mem', 'it''s']") {
		t.Errorf("asked: %s", sql)
	}
}

func TestUnalterSQL(t *testing.T) {
	want := "alter system reset \"work_mem\";\nalter system reset \"my\".\"thing\";\n"
	if got := UnalterSQL([]string{"work_mem", "my.thing"}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
