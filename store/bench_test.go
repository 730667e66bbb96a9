package store

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
)

// cpu is the time that this process has used, user and system.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDirPut puts blocks of 4 MiB of which a half is random: packed with s2, written and flushed. A Put of a new object in a
// directory that is known is 19 system calls: 6 for the temporary file (openat, two of write, fsync, fstat, close), 6 for the object's
// directory (openat three times, close three times), 5 for its lock (openat twice, flock, close twice), renameat, and fsync of the directory.
func BenchmarkDirPut(b *testing.B) {
	for _, how := range []Compression{None, S2, Zstd} {
		b.Run(string(how), func(b *testing.B) {
			d, err := NewDir(b.TempDir(), DirOptions{Create: true})
			require.NoError(b, err)
			s, err := New(b.Context(), d, Options{Create: true, Settings: Settings{Compression: how}})
			require.NoError(b, err)
			data := append(random(2<<20), bytes.Repeat([]byte("all work and no play makes "), 2<<20/27)...)
			b.SetBytes(int64(len(data)))
			n, began := 0, cpu(b)
			for b.Loop() {
				id := maps.SHA256.Sum(fmt.Append(nil, n%16))
				_, err := s.putObject(b.Context(), s.objectKey(maps.Block, id), data, Condition{})
				require.NoError(b, err)
				n++
			}
			b.ReportMetric(float64(n*len(data))/(1<<20)/(cpu(b)-began).Seconds(), "MiB/cpu-s")
			require.NoError(b, s.Close())
		})
	}
}
