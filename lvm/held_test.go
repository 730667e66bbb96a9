package lvm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

// segmentOf returns the first segment of the LV in a golden.
func segmentOf(t *testing.T, file, lv string) (*lvm.VG, *lvm.Segment) {
	t.Helper()
	vg, err := lvm.Parse(read(t, "testdata/vg/"+file+".disk"))
	require.NoError(t, err)
	require.NotNil(t, vg.LV(lv), lv)
	return vg, &vg.LV(lv).Segments[0]
}

func TestReferences(t *testing.T) {
	tests := []struct {
		file, lv string
		areas    []string // PVs by their device
		lvs      []string
	}{
		{"plain", "lin", []string{"/dev/loop0"}, nil},
		{"striped", "s2", []string{"/dev/loop0", "/dev/loop1"}, nil},
		{"pvmove_running", "a", []string{"pvmove0"}, nil},
		{"pvmove_running", "pvmove0", []string{"/dev/loop0", "/dev/loop1"}, nil},
		{"targets", "z", nil, nil},
		{"thin", "pool", nil, []string{"pool_tmeta", "pool_tdata"}},
		{"thin_message_create", "pool", nil, []string{"pool_tmeta", "pool_tdata", "t1"}},
		{"thin", "t1", nil, []string{"pool", "t0"}},
		{"thin", "fromext", nil, []string{"pool", "ext"}},
		{"snapshot", "snapshot0", nil, []string{"o", "s1"}},
		{"mirror", "m1", []string{"m1_mimage_0", "m1_mimage_1"}, []string{"m1_mlog"}},
		{"raid", "r1", nil, []string{"r1_rmeta_0", "r1_rimage_0", "r1_rmeta_1", "r1_rimage_1"}},
		{"raid", "r0", nil, []string{"r0_rimage_0", "r0_rimage_1"}},
		{"raid_integrity", "r1_rimage_0", nil, []string{"r1_rimage_0_iorig", "r1_rimage_0_imeta"}},
		{"cache", "o", nil, []string{"cpool_cpool", "o_corig"}},
		{"cache", "cpool_cpool", nil, []string{"cpool_cpool_cdata", "cpool_cpool_cmeta"}},
		{"cache", "o2", nil, []string{"fast_cvol", "o2_corig"}},
		{"writecache", "o", nil, []string{"fast_cvol", "o_wcorig"}},
		{"vdo", "vol", nil, []string{"vpool"}},
		{"vdo", "vpool", nil, []string{"vpool_vdata"}},
	}
	for _, test := range tests {
		t.Run(test.file+"/"+test.lv, func(t *testing.T) {
			vg, s := segmentOf(t, test.file, test.lv)
			areas, lvs := s.References()
			var names []string
			for _, a := range areas {
				if a.LV == "" {
					names = append(names, vg.PV(a.PV).Device)
				} else {
					names = append(names, a.LV)
				}
			}
			require.Equal(t, test.areas, names)
			require.Equal(t, test.lvs, lvs)
		})
	}
}

// Every type of the goldens that is not typed is one that lvm2 has, and what it
// refers to is there, or Parse would have refused it.
func TestHeldTypesAreKnown(t *testing.T) {
	for _, file := range []string{"raid", "raid_integrity", "raid_reshape", "mirror", "cache", "writecache", "vdo", "pvmove_running", "thin_raid"} {
		vg, err := lvm.Parse(read(t, "testdata/vg/"+file+".disk"))
		require.NoError(t, err)
		held := 0
		for _, lv := range vg.LVs {
			for _, s := range lv.Segments {
				if h, ok := s.Type.(*lvm.Held); ok {
					held++
					require.True(t, h.Known, h.Type)
					require.Equal(t, h.Type, h.Name())
					areas, lvs := s.References()
					require.NotEmpty(t, len(areas)+len(lvs))
				}
			}
		}
		require.NotZero(t, held, file)
	}
	_, s := segmentOf(t, "raid_reshape", "r5")
	require.Equal(t, lvm.Flags{"RESHAPE", "RESHAPE_DATA_OFFSET"}, s.Flags)
	require.Equal(t, lvm.Extents(1), s.Reshape)
}

// A type, or a flag of one, that lvm2 does not have.
func TestTypesThatAreNotKnown(t *testing.T) {
	src := read(t, "testdata/vg/pvmove_running.disk")
	for _, typ := range []string{"mirror2", "striped+LATER", "mirror+RESHAPE+LATER", ""} {
		later := strings.ReplaceAll(src, `"mirror"`, `"`+typ+`"`)
		vg, err := lvm.Parse(later)
		require.NoError(t, err)
		require.Equal(t, later+"\x00", string(vg.AppendText(nil)))
		s := vg.LV("pvmove0").Segments[0]
		require.False(t, s.Type.(*lvm.Held).Known)
		areas, _ := s.References()
		require.Equal(t, vg.PVs[1].ID, areas[1].PV)
	}
	// Any word may be a name there, and none has to be.
	later := strings.Replace(read(t, "testdata/vg/raid.disk"), `"raid1"`, `"raid99"`, 1)
	vg, err := lvm.Parse(later)
	require.NoError(t, err)
	_, lvs := vg.LV("r1").Segments[0].References()
	require.Contains(t, lvs, "r1_rimage_1")
}

// PVs are numbered by their positions, in held segments too.
func TestPVsAreNumberedAnew(t *testing.T) {
	src := read(t, "testdata/vg/pvmove_running.disk")
	vg, err := lvm.Parse(src)
	require.NoError(t, err)
	want, _ := vg.LV("pvmove0").Segments[1].References()
	turned := vg.Clone()
	slices.Reverse(turned.PVs)
	out := string(turned.AppendText(nil))
	require.Contains(t, out, "\"pv1\", 0,\n\"pv0\", 0\n")
	require.Contains(t, out, "\"pv1\", 6,\n\"pv0\", 6\n")
	again, err := lvm.Parse(out)
	require.NoError(t, err)
	got, _ := again.LV("pvmove0").Segments[1].References()
	require.Equal(t, want, got)
	slices.Reverse(again.PVs)
	require.Equal(t, src+"\x00", string(again.AppendText(nil)))
}

// lvm2 looks for a PV first: an LV of a PV's name is not found in areas.
func TestPVsComeBeforeLVs(t *testing.T) {
	vg, err := lvm.Parse(read(t, "testdata/vg/names.disk"))
	require.NoError(t, err)
	require.NotNil(t, vg.LV("pv1"))
	require.Equal(t, "", vg.LV("pv1").Segments[0].Type.(*lvm.Striped).Areas[0].LV)
	src := strings.Replace(read(t, "testdata/vg/names.disk"), "pv0 {", "diskA {", 1)
	src = strings.ReplaceAll(src, `"pv0"`, `"diskA"`)
	renamed, err := lvm.Parse(src)
	require.NoError(t, err)
	require.Equal(t, string(vg.AppendText(nil)), string(renamed.AppendText(nil)), "lvm2 does so too")
}
