package apply

import (
	"testing"

	"gpk/pkg/apply/remote/remotetest"
)

func TestMain(m *testing.M) { remotetest.Main(m) }
