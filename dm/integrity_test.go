package dm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/units"
)

func TestIntegrityTable(t *testing.T) {
	testTables(t, []tableCase{
		{"no options", Integrity{Dev: num(0), TagSize: 28, Mode: IntegrityDirect}, "7:0 0 28 D 0"},
		{"the size by the hash", Integrity{
			Dev: num(0), ReservedSectors: 64, Mode: IntegrityJournal, InternalHash: Algorithm{Name: "crc32c"},
		}, "7:0 64 - J 1 internal_hash:crc32c"},
		{"times of zero", Integrity{
			Dev: num(0), TagSize: 4, Mode: IntegrityBitmap, JournalSectors: new(units.Sectors(0)), JournalWatermark: new(uint32(0)),
			CommitTime: new(time.Duration(0)), BitmapFlushInterval: new(time.Duration(0)),
		}, "7:0 0 4 B 4 journal_sectors:0 journal_watermark:0 commit_time:0 bitmap_flush_interval:0"},
		{"every option", Integrity{
			Dev: num(0), TagSize: 32, Mode: IntegrityJournal, MetaDevice: num(1), BlockSize: 4096,
			Recalculate: true, ResetRecalculate: true, AllowDiscards: true,
			JournalSectors: new(units.Sectors(88)), InterleaveSectors: 32768, BufferSectors: 128,
			JournalWatermark: new(uint32(30)), CommitTime: new(1500 * time.Millisecond),
			SectorsPerBit: 32768, BitmapFlushInterval: new(time.Second),
			FixPadding: true, FixHMAC: true, LegacyRecalculate: true,
			InternalHash: Algorithm{"hmac(sha256)", "00ff"}, JournalCrypt: Algorithm{"ctr(aes)", "11"}, JournalMAC: Algorithm{Name: "crc32c"},
		}, "7:0 0 32 J 18 meta_device:7:1 block_size:4096 recalculate reset_recalculate allow_discards journal_sectors:88 " +
			"interleave_sectors:32768 buffer_sectors:128 journal_watermark:30 commit_time:1500 sectors_per_bit:32768 " +
			"bitmap_flush_interval:1000 fix_padding fix_hmac legacy_recalculate internal_hash:hmac(sha256):00ff " +
			"journal_crypt:ctr(aes):11 journal_mac:crc32c"},
		{"options of tomorrow", Integrity{
			Dev: num(0), TagSize: 4, Mode: IntegrityDirect, FixHMAC: true, Other: []string{"block_size:0", "x"}, Extra: " y",
		}, "7:0 0 4 D 3 fix_hmac block_size:0 x y"},
	})
	testRefused(t, map[string]Target{
		"no device":    Integrity{Mode: IntegrityDirect},
		"no mode":      Integrity{Dev: num(0)},
		"odd mode":     Integrity{Dev: num(0), Mode: "X"},
		"microseconds": Integrity{Dev: num(0), Mode: IntegrityDirect, CommitTime: new(time.Microsecond)},
		"no algorithm": Integrity{Dev: num(0), Mode: IntegrityDirect, JournalMAC: Algorithm{Key: "00"}},
		"keyring":      Integrity{Dev: num(0), Mode: IntegrityDirect, InternalHash: Algorithm{"hmac(md5)", ":32:user:x"}},
	})
	testBadLines(t, "table", "integrity", map[string]int{
		"": 1, "7:0 0 0 D 0": 3, "7:0 0 4 X 0": 4, "7:0 0 4 D": 5, "7:0 0 4 D 1": 6,
		"7:0 0 4 D 2 fix_hmac fix_padding": 7, "7:0 0 4 D 2 block_size:512 block_size:512": 7,
	})
}

func TestIntegrityRedact(t *testing.T) {
	secret := Integrity{
		Dev: num(0), Mode: IntegrityJournal, InternalHash: Algorithm{"hmac(sha256)", "aabb"},
		JournalCrypt: Algorithm{"ctr(aes)", "ccdd"}, JournalMAC: Algorithm{Name: "crc32c"},
		Other: []string{"journal_seal:hmac(sha1):ff"},
	}
	require.Equal(t, Integrity{
		Dev: num(0), Mode: IntegrityJournal, InternalHash: Algorithm{"hmac(sha256)", "0000"},
		JournalCrypt: Algorithm{"ctr(aes)", "0000"}, JournalMAC: Algorithm{Name: "crc32c"},
		Other: []string{"journal_seal:hmac(sha1):00"},
	}, secret.Redact())
}

func TestIntegrityStatus(t *testing.T) {
	testStatuses(t, []statusCase{
		{"not recalculating", "0 2048 -", IntegrityStatus{ProvidedDataSectors: 2048}},
		{"begun", "0 2048 0", IntegrityStatus{ProvidedDataSectors: 2048, Recalculated: new(units.Sectors(0))}},
		{"mismatches, and more", "8 2048 - x", IntegrityStatus{Mismatches: 8, ProvidedDataSectors: 2048, Extra: " x"}},
	})
	testBadLines(t, "status", "integrity", map[string]int{"": 1, "1": 2, "1 2": 3, "1 2 x": 3})
}
