package dm

import (
	"testing"
	"time"
)

func TestFlakeyTable(t *testing.T) {
	five := Flakey{Dev: num(0), UpInterval: 5 * time.Second, DownInterval: 10 * time.Second}
	with := func(change func(*Flakey)) Flakey {
		f := five
		change(&f)
		return f
	}
	testTables(t, []tableCase{
		{"no features", five, "7:0 0 5 10"},
		{"no features, as Linux 6.1 prints it", with(func(f *Flakey) { f.Extra = " 0 " }), "7:0 0 5 10 0 "},
		{"drop_writes", with(func(f *Flakey) { f.DropWrites = true }), "7:0 0 5 10 1 drop_writes"},
		{"read bytes", with(func(f *Flakey) {
			f.CorruptBioByte = CorruptBioByte{Nth: 32, Direction: FlakeyRead, Value: 1}
		}), "7:0 0 5 10 5 corrupt_bio_byte 32 r 1 0"},
		{"metadata writes", with(func(f *Flakey) {
			f.CorruptBioByte = CorruptBioByte{Nth: 224, Direction: FlakeyWrite, Flags: 32}
		}), "7:0 0 5 10 5 corrupt_bio_byte 224 w 0 32"},
		{"all of Linux 6.12", with(func(f *Flakey) {
			f.ErrorReads, f.ErrorWrites = true, true
			f.CorruptBioByte = CorruptBioByte{Nth: 1, Direction: FlakeyRead, Value: 255}
			f.RandomReadCorrupt, f.RandomWriteCorrupt = 1, 1000000000
		}), "7:0 0 5 10 11 error_reads error_writes corrupt_bio_byte 1 r 255 0 random_read_corrupt 1 random_write_corrupt 1000000000"},
		{"a feature of tomorrow", with(func(f *Flakey) { f.DropWrites, f.Other = true, []string{"slow", "2"} }), "7:0 0 5 10 3 drop_writes slow 2"},
	})
	testRefused(t, map[string]Target{
		"no device":     Flakey{UpInterval: time.Second},
		"half a second": with(func(f *Flakey) { f.UpInterval = time.Second / 2 }),
		"no direction":  with(func(f *Flakey) { f.CorruptBioByte.Nth = 1 }),
		"odd direction": with(func(f *Flakey) { f.CorruptBioByte = CorruptBioByte{Nth: 1, Direction: "x"} }),
		"two words":     with(func(f *Flakey) { f.Other = []string{"a b"} }),
	})
	testBadLines(t, "table", "flakey", map[string]int{
		"": 1, "7:0 0 5": 4, "7:0 0 5 10 1": 6, "7:0 0 5 10 2 corrupt_bio_byte 1": 8,
		"7:0 0 5 10 5 corrupt_bio_byte 1 r 256 0": 9, "7:0 0 5 10 5 corrupt_bio_byte 1 x 1 0": 8,
		"7:0 0 5 10 4 corrupt_bio_byte 1 r 1 0": 10, "7:0 0 5 10 2 random_read_corrupt 0": 7,
		"7:0 0 5 10 2 error_writes drop_writes": 7,
	})
}
