package vm

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfigErrors(t *testing.T) {
	good := func() *Config {
		return &Config{Command: []string{"true"}, Dir: "/tmp", Runner: "/bin/true", Kernel: Kernel{Name: UML}}
	}
	_, err := good().job()
	require.NoError(t, err)
	tests := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"no command", func(c *Config) { c.Command = nil }, "no command"},
		{"relative", func(c *Config) { c.Dir = "tmp" }, `path "tmp" is not absolute`},
		{"guest's own", func(c *Config) { c.Dir = "/dev/shm" }, "the guest has its own /dev"},
		{"writable in the guest's own", func(c *Config) { c.Writable = []string{"/run"} }, "the guest has its own /run"},
		{"relative output", func(c *Config) { c.Outputs = []string{"c.out"} }, "not absolute"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := good()
			tt.change(cfg)
			_, err := cfg.job()
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestConfigCommandErrors(t *testing.T) {
	cfg := &Config{Command: []string{"no-such-command"}, Dir: "/tmp", Runner: "/bin/true"}
	_, err := cfg.job()
	var command *CommandError
	require.ErrorAs(t, err, &command)
	require.Equal(t, "no-such-command", command.Name)
	cfg.Command = []string{"/etc/passwd"}
	_, err = cfg.job()
	require.ErrorAs(t, err, &command)
	require.ErrorIs(t, err, os.ErrPermission)
}

func TestFindMissing(t *testing.T) {
	_, err := Find("5.4", t.TempDir())
	require.ErrorContains(t, err, `kernel "5.4" is not one of`)
	for _, name := range Names() {
		_, err = Find(name, t.TempDir())
		var missing *MissingError
		require.ErrorAs(t, err, &missing, name)
		require.Contains(t, err.Error(), `is not installed: run "make setup`)
	}
}

func TestTakeCPU(t *testing.T) {
	a, err := takeCPU()
	require.NoError(t, err)
	defer a.release()
	b, err := takeCPU()
	require.NoError(t, err)
	defer b.release()
	if a.held != nil && b.held != nil {
		require.NotEqual(t, a.cpu, b.cpu)
	}
	(*cpuSlot)(nil).release()
}
