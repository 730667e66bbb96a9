package composer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
)

// FuzzJournal reads a journal of any bytes behind its head: what it tells ascends, and is as it was written.
func FuzzJournal(f *testing.F) {
	f.Add([]byte{}, uint64(1))
	f.Add(appendRecord(appendRecord(nil, maps.Entry{Index: 1, ID: maps.ID{1}}), maps.Entry{Index: 7}), uint64(7))
	f.Fuzz(func(t *testing.T, records []byte, index uint64) {
		dir := t.TempDir()
		head := journalHead{Store: "s", Name: "n"}
		j, err := openJournal(dir, head)
		require.NoError(t, err)
		name := filepath.Base(j.f.Name())
		require.NoError(t, j.close(false))
		file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_APPEND, 0)
		require.NoError(t, err)
		_, err = file.Write(records)
		require.NoError(t, err)
		require.NoError(t, file.Close())
		j, err = openJournal(dir, head)
		require.NoError(t, err)
		last, any := j.last, j.any
		if id, found := j.find(index); found {
			require.True(t, any && index <= last)
			require.Contains(t, string(records), string(appendRecord(nil, maps.Entry{Index: index, ID: id})))
		}
		if !any || last < 1<<63 {
			e := maps.Entry{Index: last + 1, ID: maps.ID{9}}
			require.NoError(t, j.add(e))
			require.NoError(t, j.close(false))
			j, err = openJournal(dir, head)
			require.NoError(t, err)
			id, found := j.find(e.Index)
			require.True(t, found)
			require.Equal(t, e.ID, id)
		}
		require.NoError(t, j.close(true))
	})
}
