package compare

import (
	"os"
	"testing"

	"github.com/rok-storage/rok/internal/testenv"
)

func TestMain(m *testing.M) {
	if after := os.Getenv(killAfterEnv); after != "" {
		os.Exit(victim(after, os.Getenv(killDirEnv)))
	}
	testenv.Main(m)
}
