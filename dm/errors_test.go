package dm_test

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
)

func TestTakenMatchesExist(t *testing.T) {
	conn := dmtest.NewKernel(dmtest.Config{}).Open(t)
	_, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", UUID: "u"})
	require.NoError(t, err)
	b, err := conn.Create(t.Context(), dm.CreateRequest{Name: "b"})
	require.NoError(t, err)
	_, err = conn.Create(t.Context(), dm.CreateRequest{Name: "a"})
	require.ErrorIs(t, err, fs.ErrExist)
	_, err = conn.Create(t.Context(), dm.CreateRequest{Name: "c", UUID: "u"})
	require.ErrorIs(t, err, fs.ErrExist)
	_, err = b.Rename(t.Context(), "a")
	require.ErrorIs(t, err, fs.ErrExist)
	require.ErrorIs(t, b.SetUUID("u"), fs.ErrExist)
}
