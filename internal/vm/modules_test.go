package vm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestModuleTreeResolve(t *testing.T) {
	const md = "kernel/drivers/md/"
	tests := []struct {
		name string
		want []string
	}{
		{"dm-mod", []string{md + "dm-mod.ko"}},
		{"dm_thin_pool", []string{
			md + "dm-mod.ko", md + "dm-bufio.ko",
			md + "persistent-data/dm-persistent-data.ko.xz", md + "dm-thin-pool.ko.xz",
		}},
		{"dm-raid10", []string{md + "dm-mod.ko", md + "dm-raid.ko"}},
		{"char-major-10-236", []string{md + "dm-mod.ko"}},
		{"ext4", nil}, // built in
	}
	for _, tt := range tests {
		got, err := moduleTree("testdata/modules").resolve(tt.name)
		require.NoError(t, err, tt.name)
		require.Equal(t, tt.want, got, tt.name)
	}
	_, err := moduleTree("testdata/modules").resolve("no-such")
	require.ErrorIs(t, err, errNoModule)
	_, err = moduleTree("testdata/none").resolve("dm-mod")
	require.Error(t, err)
}

func TestModprobeUsage(t *testing.T) {
	require.ErrorContains(t, modprobe([]string{"-q", "--"}), "usage")
}
