package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAgentHeeds(t *testing.T) {
	a := &Agent{Cluster: &Cluster{Host: "rok1"}}
	for key, want := range map[string]bool{
		keyRevision: true, keyMaster: true, keyHeir: true, keyPublish: true, keySchema: true, dirMembers + "rok2": true,
		dirAlive + "rok1": true, dirAlive + "rok10": false, dirApplied + "rok2": false, historyKey(7): false,
	} {
		require.Equal(t, want, a.heeds(key), key)
	}
}
