package dm

import (
	"strings"
	"testing"
)

func TestVerityTable(t *testing.T) {
	digest := "4392712ba01368efdf14b05c76f9e4df0d53664630b5d48632ed17a137f39076"
	plain := Verity{
		Version: 1, Dev: BlockDev{Path: "/dev/sda1"}, HashDev: BlockDev{Path: "/dev/sda2"},
		DataBlockSize: 4096, HashBlockSize: 4096, DataBlocks: 262144, HashStart: 1,
		Algorithm: "sha256", Digest: digest, Salt: strings.Repeat("12", 32),
	}
	line := "1 /dev/sda1 /dev/sda2 4096 4096 262144 1 sha256 " + digest + " " + strings.Repeat("12", 32)
	with := func(change func(*Verity)) Verity {
		v := plain
		change(&v)
		return v
	}
	testTables(t, []tableCase{
		{"no options", plain, line},
		{"no options, said so", with(func(v *Verity) { v.Extra = " 0" }), line + " 0"},
		{"every option", with(func(v *Verity) {
			v.OnCorruption, v.OnError = VerityRestartOnCorruption, VerityPanicOnError
			v.IgnoreZeroBlocks, v.CheckAtMostOnce, v.TryVerifyInTasklet = true, true, true
			v.FEC = VerityFEC{Dev: num(3), Blocks: 270000, Start: 7, Roots: 2}
			v.RootHashSigKeyDesc = "rok:signature"
		}), line + " 15 restart_on_corruption panic_on_error ignore_zero_blocks check_at_most_once try_verify_in_tasklet " +
			"use_fec_from_device 7:3 fec_blocks 270000 fec_start 7 fec_roots 2 root_hash_sig_key_desc rok:signature"},
		{"an option of tomorrow", with(func(v *Verity) { v.Other = []string{"error_as_corruption"} }), line + " 1 error_as_corruption"},
	})
	testRefused(t, map[string]Target{
		"no device":      with(func(v *Verity) { v.Dev = BlockDev{} }),
		"no hash device": with(func(v *Verity) { v.HashDev = BlockDev{} }),
		"no salt":        with(func(v *Verity) { v.Salt = "" }),
		"odd reaction":   with(func(v *Verity) { v.OnCorruption = "shrug" }),
		"no fec device":  with(func(v *Verity) { v.FEC.Roots = 2 }),
	})
	testBadLines(t, "table", "verity", map[string]int{
		"": 1, "1 7:0 -": 3, line[:len(line)-65]: 10, line + " 1": 12,
		line + " 2 use_fec_from_device 7:0":                                      14,
		line + " 2 use_fec_from_device - fec_blocks 0 fec_start 0 fec_roots 0":   13,
		line + " 8 use_fec_from_device 7:0 fec_start 0 fec_blocks 5 fec_roots 2": 14,
		line + " 7 use_fec_from_device 7:0 fec_blocks 5 fec_start 0 fec_roots 2": 19,
		line + " 2 restart_on_corruption ignore_corruption":                      13,
		line + " 2 check_at_most_once ignore_zero_blocks":                        13,
	})
}

func TestVerityStatus(t *testing.T) {
	testStatuses(t, []statusCase{
		{"valid", "V", VerityStatus{State: VerityValid}},
		{"corrupt, and more", "C 12", VerityStatus{State: VerityCorrupt, Extra: " 12"}},
	})
	testBadLines(t, "status", "verity", map[string]int{"": 1, "X": 1, "VC": 1})
}
