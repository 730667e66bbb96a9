package host_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/host"
)

// The words that lvm2 has in its texts.
func TestLvm2Identity(t *testing.T) {
	m := newMachine(t, 1)
	m.lvm("vgcreate", "vg", m.disks[0])
	h := m.host()
	text, err := os.ReadFile(filepath.Join(m.etc, "backup/vg"))
	require.NoError(t, err)
	require.Contains(t, string(text), "creation_host = \""+h.Node()+"\"\t# "+h.System()+"\n")
}

func TestOpenDefaults(t *testing.T) {
	h, err := host.Open(nil)
	require.NoError(t, err, "this host's own settings")
	name, err := os.Hostname()
	require.NoError(t, err)
	require.Equal(t, name, h.Node())
}

func TestParseLocks(t *testing.T) {
	const table = `1: FLOCK  ADVISORY  WRITE 100 00:1a:55 0 EOF
1: -> FLOCK  ADVISORY  WRITE 101 00:1a:55 0 EOF
2: POSIX  ADVISORY  WRITE 102 00:1a:55 0 EOF
3: FLOCK  ADVISORY  READ 103 00:1a:56 0 EOF
4: FLOCK  ADVISORY  READ 104 00:1b:55 0 EOF
5: FLOCK  ADVISORY  READ -1 00:1c:77 0 EOF
6: FLOCK ADVISORY
7: FLOCK  ADVISORY  READ 105 <none>:0 0 EOF
`
	tests := []struct {
		name         string
		major, minor uint32
		inode        uint64
		want         []host.Holder
	}{
		{"this file", 0, 0x1a, 55, []host.Holder{{PID: 100, Mode: host.Exclusive}}},
		{"another device", 0, 0x1b, 55, []host.Holder{{PID: 104, Mode: host.Shared}}},
		{"a device that stat does not show", 0, 0x99, 56, []host.Holder{{PID: 103, Mode: host.Shared}}},
		{"another namespace", 0, 0x1c, 77, []host.Holder{{PID: -1, Mode: host.Shared}}},
		{"none", 0, 0x1a, 9, nil},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, host.ParseLocks(table, tt.major, tt.minor, tt.inode), tt.name)
	}
	require.Equal(t, "a process of another PID namespace", host.Holder{PID: -1}.String())
	require.Equal(t, "process 7", host.Holder{PID: 7}.String())
	require.Equal(t, "lvm (7)", host.Holder{PID: 7, Comm: "lvm"}.String())
}

func FuzzParseLocks(f *testing.F) {
	f.Add("1: FLOCK  ADVISORY  WRITE 100 00:1a:55 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 101 00:1a:55 0 EOF\n", uint64(55))
	f.Fuzz(func(t *testing.T, table string, inode uint64) {
		require.LessOrEqual(t, len(host.ParseLocks(table, 0, 0x1a, inode)), strings.Count(table, "FLOCK"))
	})
}
