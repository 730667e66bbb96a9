package dm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
)

// nodeNames holds names and the nodes that "dmsetup create NAME" makes for
// them (dmsetup of Debian 12, without udev); TestKernelNodeNames asks it again.
var nodeNames = []struct{ name, node string }{
	{"plain", "plain"},
	{"a b", `a\x20b`},
	{`a\b`, `a\x5cb`},
	{"ü", `\xc3\xbc`},
	{"a#+-.:=@_Z9", "a#+-.:=@_Z9"},
	{`a"b`, `a\x22b`},
	{"a'b", `a\x27b`},
	{"a,b", `a\x2cb`},
	{"(p)", `\x28p\x29`},
	{"x%y", `x\x25y`},
	{"tab\tx", `tab\x09x`},
	{`A\X20`, `A\x5cX20`},
}

func TestNodeName(t *testing.T) {
	for _, tt := range nodeNames {
		require.Equal(t, tt.node, dm.NodeName(tt.name), "%q", tt.name)
	}
	// libdevmapper takes these for escaped already, or refuses them.
	require.Equal(t, `a\x5cx20b`, dm.NodeName(`a\x20b`))
	require.Equal(t, `a\x20b\x5cx20c`, dm.NodeName(`a b\x20c`))
	require.Equal(t, `a\x5cx2`, dm.NodeName(`a\x2`))
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"a", strings.Repeat("x", 127), "a b", `a\b`, "日本", "...", "..a", "controls", "\xff"} {
		require.NoError(t, dm.CheckName(name), "%q", name)
	}
	for name, reason := range map[string]string{
		"": "empty", ".": "reserved", "..": "reserved", "control": "reserved", "a/b": "contains a slash", "/": "contains a slash",
		"a\x00": "contains a zero byte", strings.Repeat("x", 128): "128 bytes long, at most 127 fit",
		strings.Repeat("x", 200): "200 bytes long", strings.Repeat("ü", 64): "128 bytes long",
		strings.Repeat(" ", 32): "with what must be escaped, 128 bytes long",
	} {
		var e *dm.NameError
		require.ErrorAs(t, dm.CheckName(name), &e, "%q", name)
		require.Contains(t, e.Reason, reason)
		require.Equal(t, "name", e.Kind)
		require.Equal(t, name, e.Value)
		require.Less(t, len(e.Error()), 300)
	}
}

func TestCheckUUID(t *testing.T) {
	for _, uuid := range []string{"LVM-abc", "a/b", ".", strings.Repeat("x", 128)} {
		require.NoError(t, dm.CheckUUID(uuid), "%q", uuid)
	}
	for _, uuid := range []string{"", "a\x00", strings.Repeat("x", 129)} {
		require.ErrorAs(t, dm.CheckUUID(uuid), new(*dm.NameError), "%q", uuid)
	}
}

func TestID(t *testing.T) {
	require.Equal(t, "a", dm.ByName("a").String())
	require.Equal(t, "LVM-a", dm.ByUUID("LVM-a").String())
	require.Equal(t, "253:1", dm.ByDev(dm.Dev{Major: 253, Minor: 1}).String())
	require.Equal(t, "", dm.ID{}.String())
}
