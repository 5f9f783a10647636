package failover

import (
	"testing"

	"gpk/test/remotetest"
)

func TestMain(m *testing.M) { remotetest.Main(m) }
