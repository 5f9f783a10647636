package topology

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Setting is the value of a server setting, as text. In cluster.yaml it may be written as a string, a number or a boolean
// (max_connections: 250, optimizer: off is a string, fsync: true), since people write settings as postgresql.conf does.
type Setting string

// UnmarshalJSON takes a string, a number or a boolean.
func (s *Setting) UnmarshalJSON(data []byte) error {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	switch v := value.(type) {
	case string:
		*s = Setting(v)
	case json.Number:
		*s = Setting(v.String())
	case bool:
		*s = "off"
		if v {
			*s = "on"
		}
	default:
		return fmt.Errorf("a setting is a string, a number or a boolean, not %s", data)
	}
	return nil
}
