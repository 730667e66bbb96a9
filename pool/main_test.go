package pool_test

import (
	"testing"

	"github.com/rok-storage/rok/internal/testenv"
)

func TestMain(m *testing.M) {
	if !runsWatcher() && !runsRepair() {
		testenv.Main(m)
	}
}
