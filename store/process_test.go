package store

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProcessEnds(t *testing.T) {
	here := thisProcess()
	if here.Start == 0 || here.Boot == "" || here.Space == "" {
		t.Skip("the system does not tell of processes")
	}
	require.Equal(t, os.Getpid(), here.PID)
	require.False(t, here.ended(here))

	child := exec.Command("true")
	require.NoError(t, child.Run())
	gone := here
	gone.PID = child.Process.Pid
	require.True(t, gone.ended(here))
	reused := here // another process with the same number
	reused.Start--
	require.True(t, reused.ended(here))
	for name, elsewhere := range map[string]func(*process){
		"host":  func(p *process) { p.Host += "x" },
		"boot":  func(p *process) { p.Boot += "x" },
		"space": func(p *process) { p.Space += "x" },
		"none":  func(p *process) { p.Start = 0 },
	} {
		p := gone
		elsewhere(&p)
		require.False(t, p.ended(here), name)
	}
}

func TestParseStat(t *testing.T) {
	line := "12 (a) b) R 1 12 12 0 -1 4194304 100 0 0 0 0 0 0 0 20 0 1 0 987654 1000 200\n"
	state, start, ok := parseStat([]byte(line))
	require.True(t, ok)
	require.Equal(t, "R", state)
	require.EqualValues(t, 987654, start)
	for _, bad := range []string{"", "12 (a) R 1", "12 (a) R 1 12 12 0 -1 4194304 100 0 0 0 0 0 0 0 20 0 1 0 x 1000"} {
		_, _, ok := parseStat([]byte(bad))
		require.False(t, ok, bad)
	}
}

// A lease of a process that has ended is over at once in a directory, where nothing can be on its way.
func TestHolderIsOver(t *testing.T) {
	dir, err := NewDir(t.TempDir(), DirOptions{})
	require.NoError(t, err)
	defer func() { require.NoError(t, dir.Close()) }()
	timing := Timing{}.complete(dir)
	require.Zero(t, timing.Delay)
	h := holder{process: thisProcess(), Expires: time.Now().Add(time.Hour)}
	require.False(t, h.over(timing, dir))
	h.Start--
	require.Equal(t, h.Boot != "" && h.Start != ^uint64(0), h.over(timing, dir))
	require.False(t, h.over(timing, remote{dir}))
	h.Expires = time.Now().Add(-timing.Margin - time.Second)
	require.True(t, h.over(timing, dir))
	h.Expires = time.Now().Add(-timing.Margin + time.Hour)
	h.process = process{}
	require.False(t, h.over(timing, dir))
}

// remote is a bucket that does not say that it is local.
type remote struct{ Bucket }
