package segments

import (
	"strings"
	"testing"
)

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
