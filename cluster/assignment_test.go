package cluster_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
)

func TestAssignmentRoundTrip(t *testing.T) {
	for _, value := range []string{"", "x", "a=b", "a b", " a", "a\nb", `"`, `a"b`, `\`, "ü→", "\t", "a\u00a0b", "'", "$x", "#", strings.Repeat("é ", 1<<15)} {
		line := cluster.Assignment{Name: "s3d.0.store", Value: value}.String()
		require.NotContains(t, line, "\n")
		back, err := cluster.ParseAssignment(line)
		require.NoError(t, err, line)
		require.Equal(t, cluster.Assignment{Name: "s3d.0.store", Value: value}, back)
	}
}

func TestAssignmentErrors(t *testing.T) {
	for _, text := range []string{"", "x", "=x", `x="`, `x="a"b`} {
		_, err := cluster.ParseAssignment(text)
		require.ErrorIs(t, err, cluster.ErrValue, text)
	}
}

func FuzzAssignment(f *testing.F) {
	f.Add(`a="b c"`)
	f.Add("a=b=c")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := cluster.ParseAssignment(text)
		if err != nil {
			require.ErrorIs(t, err, cluster.ErrValue)
			return
		}
		again, err := cluster.ParseAssignment(a.String())
		require.NoError(t, err)
		require.Equal(t, strings.ToValidUTF8(a.Value, "�"), strings.ToValidUTF8(again.Value, "�"))
	})
}

func TestValuesThatAreTooLarge(t *testing.T) {
	w := newWorld(t, "a")
	c := w.on("a", w.memory)
	before := w.read()
	require.ErrorIs(t, set(t.Context(), c, "s3d.0.store="+strings.Repeat("x", 1<<20)), cluster.ErrValue)
	require.ErrorIs(t, set(t.Context(), c, "s3d.0.store=\xff"), cluster.ErrValue)
	require.Equal(t, before, w.read())
	many := func(n int) (all []string) {
		for i := range n {
			all = append(all, "s3d."+strings.Repeat("1", i+1)+".store="+strings.Repeat("x", 60<<10))
		}
		return all
	}
	require.NoError(t, set(t.Context(), c, many(4)...))
	var more []string
	for i := 20; i < 32; i++ {
		more = append(more, "s3d."+string(rune('0'+i/10))+string(rune('0'+i%10))+".store="+strings.Repeat("x", 60<<10))
	}
	require.ErrorIs(t, set(t.Context(), c, more...), cluster.ErrTooLarge)
	// The largest configuration that there is can be upgraded, and applied.
	for _, m := range more {
		if err := set(t.Context(), c, m); err != nil {
			require.ErrorIs(t, err, cluster.ErrTooLarge)
		}
	}
	require.NoError(t, upgradeCluster(t.Context(), w, w.memory, false))
	_, err := c.Change(t.Context(), cluster.PlanApply)
	require.NoError(t, err)
}
