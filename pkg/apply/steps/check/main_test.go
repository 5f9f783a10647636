package check

import (
	"testing"

	"gpk/test/remotetest"
)

func TestMain(m *testing.M) { remotetest.Main(m) }
