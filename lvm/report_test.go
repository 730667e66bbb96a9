package lvm

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// reported is a list that lvm2 printed: a map of fields for each line.
func reported(t *testing.T, file, list string) []map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/report", file))
	require.NoError(t, err)
	var doc struct {
		Report []map[string][]map[string]string `json:"report"`
	}
	require.NoError(t, json.Unmarshal(text, &doc))
	require.Len(t, doc.Report, 1)
	lines := doc.Report[0][list]
	for _, l := range lines {
		for key, value := range l {
			l[key] = strings.NewReplacer("[", "", "]", "").Replace(value) // around parts of volumes
		}
	}
	require.NotEmpty(t, lines)
	return lines
}

// flat is a report as lvm2 prints it: all values are strings.
func flat(t *testing.T, report any) map[string]string {
	t.Helper()
	text, err := json.Marshal(report)
	require.NoError(t, err)
	var values map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&values))
	fields := map[string]string{}
	for key, v := range values {
		switch v := v.(type) {
		case nil:
			fields[key] = ""
		case []any:
			var words []string
			for _, w := range v {
				words = append(words, w.(string))
			}
			separator := ","
			if key == "seg_pe_ranges" {
				separator = " "
			}
			fields[key] = strings.Join(words, separator)
		default:
			fields[key] = fmt.Sprint(v)
		}
	}
	return fields
}

// requireReported compares lines, as far as lvm2 printed their fields.
func requireReported[R any](t *testing.T, want []map[string]string, got []R) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, line := range got {
		have := flat(t, line)
		for key := range have {
			if _, asked := want[i][key]; !asked {
				delete(have, key)
			}
		}
		for key, w := range want[i] {
			if have[key] != w {
				t.Errorf("%s: %s: %q, lvm2 has %q", want[i]["lv_name"], key, have[key], w)
			}
		}
	}
}

func reportedVG(t *testing.T) *VG {
	t.Helper()
	text, err := os.ReadFile("testdata/report/vg.backup")
	require.NoError(t, err)
	vg, err := ParseBackup(string(text))
	require.NoError(t, err)
	return vg
}

func inactive(*LV) DeviceState { return DeviceState{Known: true} }

func TestReportLVs(t *testing.T) {
	vg := reportedVG(t)
	requireReported(t, reported(t, "lvs.json", "lv"), vg.ReportLVs(true, inactive))
	for _, line := range vg.ReportLVs(false, inactive) {
		require.True(t, line.Visible, line.Name)
	}
	require.Less(t, len(vg.ReportLVs(false, nil)), len(vg.ReportLVs(true, nil)))
}

// What the kernel had is taken from the letters that lvs printed of it.
func TestReportActiveLVs(t *testing.T) {
	vg := reportedVG(t)
	want := reported(t, "lvs-active.json", "lv")
	states := map[string]DeviceState{}
	for _, l := range want {
		attr := l["lv_attr"]
		number := func(key string) int32 {
			n, err := strconv.ParseInt(l[key], 10, 32)
			require.NoError(t, err)
			return int32(n)
		}
		states[l["lv_name"]] = DeviceState{
			Known: true, Exists: attr[4] != '-', Table: attr[4] == 'a', Open: attr[5] == 'o',
			ReadOnly: attr[1] != 'w' && attr[4] != '-', Major: number("lv_kernel_major"), Minor: number("lv_kernel_minor"),
			InSync: attr[0] == 'i', Used: -1, MetadataUsed: -1,
		}
	}
	requireReported(t, want, vg.ReportLVs(true, func(lv *LV) DeviceState { return states[lv.Name] }))
}

func TestReportSegments(t *testing.T) {
	requireReported(t, reported(t, "segments.json", "seg"), reportedVG(t).ReportSegments(true, inactive))
}

func TestReportVG(t *testing.T) {
	requireReported(t, reported(t, "vgs.json", "vg"), []VGReport{reportedVG(t).Report()})
}

func TestReportPVs(t *testing.T) {
	requireReported(t, reported(t, "pvs.json", "pv"), reportedVG(t).ReportPVs())
}
