package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/host"
)

func TestVolumeLists(t *testing.T) {
	lists := host.Settings{
		HostTags:                 []string{"node"},
		VolumeList:               []string{"vg1", "vg2/lv", "@tag", "@*"},
		AutoActivationVolumeList: []string{"vg1/lv"},
		ReadOnlyVolumeList:       []string{"@ro"},
	}
	tests := []struct {
		name             string
		s                host.Settings
		vg, lv           string
		tags             []string
		active, auto, ro bool
	}{
		{"nothing set", host.Settings{}, "vg", "lv", nil, true, true, false},
		{"host tags, no list", host.Settings{HostTags: []string{"node"}}, "vg", "lv", nil, false, false, false},
		{"host tags, and the LV's", host.Settings{HostTags: []string{"node"}}, "vg", "lv", []string{"node"}, true, true, false},
		{"empty list", host.Settings{VolumeList: []string{}}, "vg", "lv", nil, false, false, false},
		{"empty list for the start", host.Settings{AutoActivationVolumeList: []string{}}, "vg", "lv", nil, true, false, false},
		{"VG", lists, "vg1", "lv", nil, true, true, false},
		{"another LV of the VG", lists, "vg1", "other", nil, true, false, false},
		{"LV", lists, "vg2", "lv", nil, true, false, false},
		{"not the LV", lists, "vg2", "other", nil, false, false, false},
		{"tag", lists, "vg3", "lv", []string{"x", "tag"}, true, false, false},
		{"host's tag", lists, "vg3", "lv", []string{"node"}, true, false, false},
		{"read-only", lists, "vg1", "lv", []string{"ro"}, true, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.active, tt.s.MayActivate(tt.vg, tt.lv, tt.tags...))
			require.Equal(t, tt.auto, tt.s.MayAutoActivate(tt.vg, tt.lv, tt.tags...))
			require.Equal(t, tt.ro, tt.s.ActivateReadOnly(tt.vg, tt.lv, tt.tags...))
		})
	}
}
