package testenv

import (
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { Main(m) }

// leave is set in the processes that TestMainFindsLeaks starts.
const leave = "ROK_TESTENV_LEAVE"

func TestLeave(t *testing.T) {
	switch os.Getenv(leave) {
	case "nothing":
		done := make(chan struct{})
		go close(done)
		<-done
	case "goroutine":
		go func() { select {} }()
	case "file":
		_, err := os.Open(os.DevNull)
		require.NoError(t, err)
		_, err = net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
	default:
		t.Skip("is run by TestMainFindsLeaks")
	}
}

func TestMainFindsLeaks(t *testing.T) {
	tests := []struct{ name, want string }{
		{"nothing", "PASS"},
		{"goroutine", "TestLeave.func"},
		{"file", "descriptor "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestLeave$")
			cmd.Env = append(os.Environ(), leave+"="+tt.name, "GOCOVERDIR="+t.TempDir())
			out, err := cmd.CombinedOutput()
			require.Contains(t, string(out), tt.want)
			if tt.name == "nothing" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			require.Contains(t, string(out), "testenv: the tests passed, but left:")
		})
	}
}
