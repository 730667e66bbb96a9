package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Counts are what happened in histories: where nothing happens, nothing is found.
type Counts struct {
	Acknowledged int64 // steps of writers that were done
	Removed      int64 // maps
	Freed        int64 // objects
	Rescued      int64 // objects that were condemned, and that a map published behind the mark needs
	Waited       int64 // for a session, by a collection that left it to the next
	Copies       int64 // put anew of what was condemned
	Lost         int64 // leases
	Killed       int64 // actors
	Read         int64 // maps, by readers, while nobody changed them
	Marked       int64 // objects, as damaged
	Calls        int64 // of the bucket
}

// require has something of all have happened, in histories that are many enough for that.
func (c Counts) require(t *testing.T, histories uint64) {
	t.Helper()
	if histories >= 20 {
		require.Positive(t, c.Acknowledged)
		require.Positive(t, c.Freed)
	}
	if histories >= 200 {
		require.Positive(t, c.Removed)
		require.Positive(t, c.Rescued, "no history had a map that was published behind the mark")
		require.Positive(t, c.Waited)
		require.Positive(t, c.Copies, "no history put anew what was condemned")
		require.Positive(t, c.Lost, "no history lost a lease")
		require.Positive(t, c.Killed)
		require.Positive(t, c.Read)
		require.Positive(t, c.Marked)
	}
}
