package segments

import (
	"maps"
	"testing"
)

func TestEverywhere(t *testing.T) {
	calls := []Call{{"a.example", []string{"/one", "/two"}}, {"b.example", nil}}
	command := Everywhere("instances.sh", "finish", calls, "block\n")
	if want := "a.example /one /two\nb.example\nend\nblock\n"; command.Stdin != want {
		t.Errorf("%q, want %q", command.Stdin, want)
	}
}

func TestParseEverywhere(t *testing.T) {
	calls := []Call{{Host: "a.example"}, {Host: "b.example"}}
	tests := map[string]struct {
		out  string
		want map[string]Reply
	}{
		"whole":            {"a.example one\na.example \na.example two\na.example exit 0\nb.example exit 3\nend\n", map[string]Reply{"a.example": {"one\n\ntwo\n", 0}, "b.example": {"", 3}}},
		"cut":              {"a.example one\na.example exit 0\nb.example exit 0\n", nil},
		"a host is silent": {"a.example exit 0\nend\n", nil},
		"half a host":      {"a.example exit 0\nb.example one\nend\n", nil},
		"a stranger":       {"a.example exit 0\nb.example exit 0\nc.example exit 0\nend\n", nil},
		"no status":        {"a.example exit 0\nb.example exit x\nend\n", nil},
		"nothing":          {"", nil},
	}
	for name, test := range tests {
		got, err := ParseEverywhere(test.out, calls)
		if (err == nil) != (test.want != nil) || !maps.Equal(got, test.want) {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}
