package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A run that has to wait for what a former one found looks at no map, and does not say that there are none.
func TestPrintGCThatGoesOn(t *testing.T) {
	printed := func(v gcView) string {
		var b strings.Builder
		require.NoError(t, printGC(&b, v))
		return b.String()
	}
	waiting := []waitingView{{Purpose: "register vm/web", Host: "node1", PID: 7, Until: time.Unix(0, 0).UTC()}}
	require.Equal(t, "freed  0 objects  0B\n"+
		"not freed yet: register vm/web (node1, process 7) may count on it, at the latest until 1970-01-01T00:00:00Z unless it goes on\n",
		printed(gcView{Epoch: 3, Waiting: waiting}))
	require.Contains(t, printed(gcView{Epoch: 3}), "maps              0")
	require.Contains(t, printed(gcView{Epoch: 3, MapCount: 1, Waiting: waiting}), "no longer needed  0 objects")
	dry := printed(gcView{DryRun: true, MapCount: 1, Waiting: waiting})
	require.Contains(t, dry, "would be freed  0 objects")
	require.NotContains(t, dry, "no longer needed")
	require.Contains(t, dry, "not freed yet: register vm/web")
}
