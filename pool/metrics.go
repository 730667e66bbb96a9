package pool

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// metric is a family of Prometheus's, of which each pool has one value.
type metric struct {
	name, help string
	value      func(*Seen) float64
	active     bool // only of pools that are active
}

// metricsOfPools are in the order in which they are printed.
func metricsOfPools() []metric {
	size := func(blocks uint64, block units.Sectors) float64 {
		return float64(blocks) * float64(block) * units.SectorSize
	}
	flag := func(on bool) float64 {
		if on {
			return 1
		}
		return 0
	}
	return []metric{
		{"rok_pool_active", "Whether the kernel has the pool.", func(s *Seen) float64 { return flag(s.State.Active) }, false},
		{"rok_pool_data_size_bytes", "Size of the pool's data.", func(s *Seen) float64 { return size(s.State.Status.Data.Total, s.State.ChunkSize) }, true},
		{"rok_pool_data_used_bytes", "Data that volumes have.", func(s *Seen) float64 { return size(s.State.Status.Data.Used, s.State.ChunkSize) }, true},
		{"rok_pool_metadata_size_bytes", "Size of the pool's metadata.", func(s *Seen) float64 { return size(s.State.Status.Metadata.Total, MetadataBlock) }, true},
		{"rok_pool_metadata_used_bytes", "Metadata in use.", func(s *Seen) float64 { return size(s.State.Status.Metadata.Used, MetadataBlock) }, true},
		{"rok_pool_data_room_bytes", "What the volume group could add to the data.", func(s *Seen) float64 { return float64(s.State.bytes(s.State.DataRoom)) }, false},
		{"rok_pool_needs_check", "Whether the metadata must be checked.", func(s *Seen) float64 { return flag(s.State.Status.NeedsCheck) }, true},
		{"rok_pool_error_if_no_space", "Whether writes fail, and do not wait, when there is no space.", func(s *Seen) float64 { return flag(s.State.Status.Kernel.ErrorIfNoSpace) }, true},
		{"rok_pool_refuses_new", "Whether new volumes and snapshots are refused.", func(s *Seen) float64 { return flag(s.State.Refusing) }, false},
		{"rok_pool_last_look_timestamp_seconds", "When the kernel was asked last.", func(s *Seen) float64 { return float64(s.At.UnixMilli()) / 1000 }, false},
	}
}

// AppendMetrics appends what the watcher knows in Prometheus's text format, version
// 0.0.4.
func (w *Watcher) AppendMetrics(b []byte) []byte {
	w.mu.Lock()
	seen, counts := w.seen, maps.Clone(w.counts)
	w.mu.Unlock()
	for _, m := range metricsOfPools() {
		b = family(b, m.name, "gauge", m.help)
		for i := range seen {
			if s := &seen[i]; s.State.Active || !m.active {
				b = sample(b, m.name, m.value(s), "vg", s.State.VG, "pool", s.State.Pool)
			}
		}
	}
	const state = "rok_pool_state"
	b = family(b, state, "gauge", "1 for the state that the pool is in.")
	for i := range seen {
		s := &seen[i].State
		for _, is := range []thin.State{thin.Writable, thin.OutOfDataSpace, thin.OutOfMetadataSpace, thin.ReadOnly, thin.Failed} {
			value := 0.0
			if s.Active && s.Status.State == is {
				value = 1
			}
			b = sample(b, state, value, "vg", s.VG, "pool", s.Pool, "state", strings.ReplaceAll(is.String(), " ", "-"))
		}
	}
	const events = "rok_pool_events_total"
	b = family(b, events, "counter", "Events since the watcher began.")
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b count) int {
		return slices.Compare([]string{a.vg, a.pool, string(a.name)}, []string{b.vg, b.pool, string(b.name)})
	})
	for _, k := range keys {
		b = sample(b, events, float64(counts[k]), "vg", k.vg, "pool", k.pool, "event", string(k.name))
	}
	return b
}

func family(b []byte, name, kind, help string) []byte {
	return append(b, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+kind+"\n"...)
}

// sample appends a line. Labels are names and values in turns; the names of VGs and
// pools have nothing in them that must be escaped.
func sample(b []byte, name string, value float64, labels ...string) []byte {
	b = append(append(b, name...), '{')
	for i := 0; i < len(labels); i += 2 {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendQuote(append(append(b, labels[i]...), '='), labels[i+1])
	}
	b = strconv.AppendFloat(append(b, "} "...), value, 'f', -1, 64)
	return append(b, '\n')
}
