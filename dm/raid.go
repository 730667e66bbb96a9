package dm

import (
	"fmt"

	"github.com/rok-storage/rok/units"
)

// Raid spreads data over devices with redundancy, or without for raid0: target
// "raid", drivers/md/dm-raid.c over the md personalities. [RaidStatus] is its
// status.
//
//	0 1960893648 raid raid4 1 2048 5 - 8:17 - 8:33 - 8:49 - 8:65 - 8:81
//
// The zero value has neither a type nor devices. Every option may stay zero;
// a nil option is not in the line.
type Raid struct {
	// RaidType is level and layout: raid0, raid1, raid10, raid10_far,
	// raid10_offset, raid10_near, raid4, raid5_la, raid5_ra, raid5_ls,
	// raid5_rs, raid5_n, raid6_zr, raid6_nr, raid6_nc, raid6_n_6, raid6_ls_6,
	// raid6_rs_6, raid6_la_6 or raid6_ra_6.
	RaidType  string
	ChunkSize units.Sectors // zero for raid1

	Sync            bool           // resynchronise at the start
	NoSync          bool           // believe that the devices are in sync
	Rebuild         []uint64       // devices to rebuild, counted from 0
	DaemonSleep     *uint64        // ms between two clean-ups of the bitmap
	MinRecoveryRate *uint64        // KiB/s of each device
	MaxRecoveryRate *uint64        // KiB/s of each device
	WriteMostly     []uint64       // devices not to read from, counted from 0
	MaxWriteBehind  *uint64        // raid1: writes that WriteMostly may lag behind
	StripeCache     *uint64        // raid4, 5, 6: stripes; before Linux 4.6: sectors
	RegionSize      *units.Sectors // of a bit in the bitmap
	Raid10Copies    *uint64        // zero value of the kernel: 2
	Raid10Format    string         // near, far or offset
	DeltaDisks      *int64         // reshape: devices that are added, or removed if negative
	DataOffset      *units.Sectors // reshape: where the data begins on each device
	JournalDev      BlockDev       // raid4, 5, 6: closes the write hole
	JournalMode     string         // writethrough or writeback; needs JournalDev

	// Options that have no field here, with their arguments, in the line's
	// order.
	Other   []string
	Devices []RaidDevice
	Extra   string // what follows in the line, verbatim
}

// RaidDevice is one device of a [Raid]. The zero value is a missing one.
type RaidDevice struct {
	Metadata BlockDev // superblock and bitmap; none where the array keeps neither
	Data     BlockDev
}

// Type returns "raid".
func (Raid) Type() string { return "raid" }

// options lists the options in the order of raid_status of dm-raid.c.
func (t *Raid) options() []field {
	return []field{
		{"sync", &t.Sync},
		{"nosync", &t.NoSync},
		{"rebuild", &t.Rebuild},
		{"daemon_sleep", &t.DaemonSleep},
		{"min_recovery_rate", &t.MinRecoveryRate},
		{"max_recovery_rate", &t.MaxRecoveryRate},
		{"write_mostly", &t.WriteMostly},
		{"max_write_behind", &t.MaxWriteBehind},
		{"stripe_cache", &t.StripeCache},
		{"region_size", &t.RegionSize},
		{"raid10_copies", &t.Raid10Copies},
		{"raid10_format", &t.Raid10Format},
		{"delta_disks", &t.DeltaDisks},
		{"data_offset", &t.DataOffset},
		{"journal_dev", &t.JournalDev},
		{"journal_mode", &t.JournalMode},
	}
}

// AppendParams appends "TYPE #PARAMS CHUNK-SIZE OPTION… #DEVICES METADATA
// DATA…". It fails where the type or all devices are missing, and where a
// device has metadata but no data.
func (t Raid) AppendParams(b []byte) ([]byte, error) {
	if err := checkFields([]field{{"raid type", &t.RaidType}}); err != nil {
		return b, err
	}
	if err := checkOptions(t.options(), t.Other); err != nil {
		return b, fmt.Errorf("options: %w", err)
	}
	if len(t.Devices) == 0 {
		return b, errNoDevice
	}
	words := options(t.options(), t.Other)
	l := appendLine(b).word(t.RaidType).uint(uint64(len(words)) + 1).sectors(t.ChunkSize).words(words)
	l.uint(uint64(len(t.Devices)))
	for i, d := range t.Devices {
		if d.Data.IsZero() && !d.Metadata.IsZero() {
			return b, fmt.Errorf("device %d: %w for data", i, errNoDevice)
		}
		l.dev(d.Metadata).dev(d.Data)
	}
	return l.extra(t.Extra).b, nil
}

func parseRaid(s string) (Target, error) {
	var t Raid
	p := tableParams(t.Type(), s)
	t.RaidType = p.word("raid type")
	params := p.uint("number of parameters", 16)
	if params == 0 {
		p.fail("number of parameters: want the chunk size at least")
		return t, p.end()
	}
	t.ChunkSize = p.sectors("chunk size")
	t.Other = p.options(params-1, t.options())
	n := p.uint("number of devices", 16)
	if n == 0 {
		p.fail("number of devices: want one at least")
	}
	for ; n > 0 && p.err == nil; n-- {
		d := RaidDevice{Metadata: p.dev("metadata device"), Data: p.dev("data device")}
		if d.Data.IsZero() && !d.Metadata.IsZero() {
			p.fail("data device: missing beside a metadata device")
		}
		t.Devices = append(t.Devices, d)
	}
	t.Extra = p.extra()
	return t, p.end()
}
