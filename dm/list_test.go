package dm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/ioctl"
)

// The kernel's order is that of escaped names, or before 4.45 none at all.
func TestListByName(t *testing.T) {
	for _, abi := range []ioctl.ABI{{}, {Major: 4, Minor: 27}} {
		k := dmtest.NewKernel(dmtest.Config{ABI: abi})
		conn := k.Open(t)
		for _, name := range []string{"b", "aA", "a b", "ab", `a\c`} {
			_, err := conn.Create(t.Context(), dm.CreateRequest{Name: name})
			require.NoError(t, err)
		}
		entries, err := conn.List()
		require.NoError(t, err)
		var names []string
		for _, e := range entries {
			names = append(names, e.Name)
		}
		require.Equal(t, []string{"a b", "aA", `a\c`, "ab", "b"}, names)
	}
}

func TestListMatchingLongest(t *testing.T) {
	conn := dmtest.NewKernel(dmtest.Config{}).Open(t)
	uuid, name := strings.Repeat("u", ioctl.MaxUUID), strings.Repeat("n", ioctl.MaxName)
	_, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, UUID: uuid})
	require.NoError(t, err)
	entries, err := conn.ListMatching(dm.Filter{Name: name, UUID: uuid})
	require.NoError(t, err)
	require.Len(t, entries, 1)

	var bad *dm.NameError
	_, err = conn.ListMatching(dm.Filter{UUID: uuid + "u"})
	require.ErrorAs(t, err, &bad)
	require.Equal(t, "UUID", bad.Kind)
	_, err = conn.ListMatching(dm.Filter{Name: name + "n"})
	require.ErrorAs(t, err, &bad)
	require.Equal(t, "name", bad.Kind)
}
