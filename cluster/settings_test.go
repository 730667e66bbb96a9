package cluster_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
)

// other is a value of each variable that is not its default.
func other() map[string]string {
	return map[string]string{
		"cluster.lease_ttl": "20s", "composer.block_size": "1MiB", "composer.map_version": "4", "composerd.maptree_degree": "64",
		"gc.clock_margin": "2m0s", "gc.lease_ttl": "3m0s", "gc.wait": "4m0s",
		"retention.keep_daily": "1", "retention.keep_last": "2", "retention.keep_weekly": "3",
		"s3d.0.assume_no_versioning": "True", "s3d.0.cache_size": "5GiB", "s3d.0.journal_size": "6GiB", "s3d.0.no_versioning": "True",
		"s3d.0.secret_key": "hunter2", "s3d.0.store": "s3://bucket",
	}
}

// Each variable but the members' changes what those who work with the settings get.
func TestEachVariableChangesTheSettings(t *testing.T) {
	values := other()
	before, err := cluster.SettingsOf(nil)
	require.NoError(t, err)
	// Secrets print hidden, so they are compared besides.
	show := func(s cluster.Settings) string { return fmt.Sprintf("%+v %s", s, string(s.S3[0].SecretKey)) }
	for _, v := range cluster.Registry() {
		if strings.HasPrefix(v.Name, "cluster.members.") {
			continue // TestCapability
		}
		name := strings.Replace(v.Name, "*", "0", 1)
		t.Run(name, func(t *testing.T) {
			value, ok := values[name]
			require.True(t, ok, "give it a value here")
			canonical, err := v.Parse(value)
			require.NoError(t, err)
			require.Equal(t, value, canonical)
			after, err := cluster.SettingsOf(map[string]string{name: value})
			require.NoError(t, err)
			require.NotEqual(t, show(before), show(after))
		})
	}
}

func TestEachVariableIsDescribed(t *testing.T) {
	last := ""
	for _, v := range cluster.Registry() {
		require.Less(t, last, v.Name, "sorted by name")
		last = v.Name
		require.NotEmpty(t, v.Help)
		require.NotEmpty(t, v.Since)
		require.NotEmpty(t, v.Want())
		require.False(t, strings.HasPrefix(v.Name, "host"), "no line of config get begins with host")
		if v.Default != "" {
			canonical, err := v.Parse(v.Default)
			require.NoError(t, err)
			require.Equal(t, v.Default, canonical, "%s: printed as it is parsed", v.Name)
		}
	}
}

func TestSettingsOfDamagedValues(t *testing.T) {
	_, err := cluster.SettingsOf(map[string]string{"gc.wait": "soon", "of.another.version": "x"})
	require.ErrorIs(t, err, cluster.ErrDamaged)
}

func TestSecretPrintsHidden(t *testing.T) {
	s, err := cluster.SettingsOf(map[string]string{"s3d.1.secret_key": "hunter2"})
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", s, s, s, s.S3[1].SecretKey), "hunter2")
	v := cluster.Variable{Kind: cluster.Text, Secret: true}
	_, err = v.Parse("hunter2\x00")
	require.ErrorIs(t, err, cluster.ErrValue)
	require.NotContains(t, err.Error(), "hunter2")
}
