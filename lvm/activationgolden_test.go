package lvm_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// golden is what lvm2 made of a VG: testdata/activation/README.md.
type golden struct {
	options string
	vg      *lvm.VG
	pvs     map[lvm.ID]dm.Dev
	devices map[string]*goldenDevice // by name
	links   []string
}

type goldenDevice struct {
	name, uuid string
	dev        dm.Dev
	readOnly   bool
	readAhead  units.Sectors
	udev       dm.UdevFlags
	table      string
}

func readGolden(t *testing.T, name string) *golden {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/activation", name))
	require.NoError(t, err)
	g := &golden{pvs: map[lvm.ID]dm.Dev{}, devices: map[string]*goldenDevice{}}
	section := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if title, ok := strings.CutPrefix(line, "== "); ok {
			section = title
			if title == "text" {
				break
			}
			continue
		}
		switch section {
		case "options":
			g.options = line
		case "pvs":
			uuid, number, _ := strings.Cut(line, " ")
			id, err := lvm.ParseID(uuid)
			require.NoError(t, err)
			g.pvs[id], err = dm.ParseDev(number)
			require.NoError(t, err)
		case "devices":
			d := &goldenDevice{}
			var number string
			var flags, readOnly int
			_, err := fmt.Sscanf(line, "%s %s %s %d %d %v", &d.name, &d.uuid, &number, &readOnly, &d.readAhead, &flags)
			require.NoError(t, err, line)
			d.dev, err = dm.ParseDev(number)
			require.NoError(t, err)
			d.readOnly, d.udev = readOnly == 1, dm.UdevFlags(flags)
			g.devices[d.name] = d
		case "tables":
			name, target, _ := strings.Cut(line, ": ")
			require.Contains(t, g.devices, name)
			g.devices[name].table += strings.TrimRight(target, " ") + "\n"
		case "links":
			g.links = append(g.links, line)
		}
	}
	_, backup, _ := strings.Cut(string(text), "== text\n")
	g.vg, err = lvm.ParseBackup(backup)
	require.NoError(t, err)
	return g
}

func (g *golden) stackOptions() lvm.StackOptions {
	o := lvm.StackOptions{PVs: g.pvs}
	switch {
	case strings.Contains(g.options, "partial"):
		o.Mode = lvm.ActivatePartial
	case strings.Contains(g.options, "threshold=70"):
		o.ExtendThreshold = 70
	}
	return o
}

// devicePrint is what a golden says of a device, and a MappedDevice too.
type devicePrint struct {
	Name, UUID, Table string
	ReadOnly          bool
	Udev              dm.UdevFlags
}

func (g *golden) print(t *testing.T, d *lvm.MappedDevice) devicePrint {
	t.Helper()
	text := d.Table.String()
	for _, below := range d.Below {
		text = strings.ReplaceAll(text+"\n", "/dev/mapper/"+below.Name+" ", g.devices[below.Name].dev.String()+" ")
		text = strings.ReplaceAll(text, "/dev/mapper/"+below.Name+"\n", g.devices[below.Name].dev.String()+"\n")
		text = strings.TrimSuffix(text, "\n")
	}
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimRight(line, " \n")+"\n")
	}
	return devicePrint{d.Name, d.UUID, strings.Join(lines, ""), d.ReadOnly, 0x40 | d.Udev}
}

// The devices of every kind of volume are lvm2's: names, UUIDs, tables, what is
// read-only, what udev hears, minor numbers, read-ahead, and links.
func TestStackGolden(t *testing.T) {
	tests := []struct {
		name     string
		readOnly []string // these are, by configuration; the others follow
		others   []string
	}{
		{name: "basic"}, {name: "readahead"}, {name: "partial"}, {name: "thin"}, {name: "lowwater"},
		{name: "snapshot"}, {name: "readonly"},
		{"readonly-snapshot", []string{"lin"}, []string{"ro", "sparse", "pool", "thin"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := readGolden(t, tt.name)
			o := g.stackOptions()
			o.ReadOnly = strings.HasPrefix(tt.name, "readonly")
			devices, err := g.vg.Stack(tt.readOnly, o)
			require.NoError(t, err)
			if len(tt.others) > 0 {
				others, err := g.vg.Stack(tt.others, g.stackOptions())
				require.NoError(t, err)
				devices = append(devices, others...)
			}
			g.compare(t, devices)
		})
	}
}

func (g *golden) compare(t *testing.T, devices []*lvm.MappedDevice) {
	t.Helper()
	var got, want []devicePrint
	var links []string
	at := map[string]int{}
	for i, d := range devices {
		require.NotContains(t, at, d.Name)
		at[d.Name] = i
		for _, below := range d.Below {
			require.Contains(t, at, below.Name, "%s comes behind what it needs", d.Name)
		}
		w := g.devices[d.Name]
		require.NotNil(t, w, d.Name)
		got = append(got, g.print(t, d))
		if d.Link {
			links = append(links, d.LV.Name)
		}
		if d.Minor != nil {
			require.Equal(t, w.dev.Minor, *d.Minor)
		}
		switch d.ReadAhead {
		case lvm.ReadAheadAuto:
			require.LessOrEqual(t, d.MinReadAhead, w.readAhead, d.Name)
			if len(d.Table) > 0 && d.Table[0].Target.Type() == "striped" {
				require.Equal(t, d.MinReadAhead, w.readAhead, d.Name)
			}
		case lvm.ReadAheadNone:
			require.Zero(t, w.readAhead)
		default:
			require.EqualValues(t, d.ReadAhead, w.readAhead)
		}
	}
	for _, d := range g.devices {
		want = append(want, devicePrint{d.name, d.uuid, d.table, d.readOnly, d.udev})
	}
	byName := func(a, b devicePrint) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(got, byName)
	slices.SortFunc(want, byName)
	require.Equal(t, want, got)
	slices.Sort(links)
	slices.Sort(g.links)
	require.Equal(t, g.links, links)
}
