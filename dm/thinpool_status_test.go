package dm

import "testing"

func TestThinPoolStatus(t *testing.T) {
	testStatuses(t, []statusCase{
		{"fresh", "0 112/1024 0/512 - rw discard_passdown queue_if_no_space - 256 ", ThinPoolStatus{
			UsedMetadataBlocks: 112, TotalMetadataBlocks: 1024, TotalDataBlocks: 512, Mode: ThinPoolReadWrite,
			Discard: ThinPoolDiscardPassdown, MetadataLowWaterMark: 256, Extra: " ",
		}},
		{"everything", "7 44/48 7323/8192 43 ro no_discard_passdown error_if_no_space needs_check 12", ThinPoolStatus{
			TransactionID: 7, UsedMetadataBlocks: 44, TotalMetadataBlocks: 48, UsedDataBlocks: 7323, TotalDataBlocks: 8192,
			HeldMetadataRoot: 43, Mode: ThinPoolReadOnly, Discard: ThinPoolNoDiscardPassdown, ErrorIfNoSpace: true,
			NeedsCheck: true, MetadataLowWaterMark: 12,
		}},
		{"full", "0 115/1024 512/512 - out_of_data_space ignore_discard queue_if_no_space - 256 ", ThinPoolStatus{
			UsedMetadataBlocks: 115, TotalMetadataBlocks: 1024, UsedDataBlocks: 512, TotalDataBlocks: 512,
			Mode: ThinPoolOutOfDataSpace, Discard: ThinPoolIgnoreDiscard, MetadataLowWaterMark: 256, Extra: " ",
		}},
		{"linux 3.2", "1 2/3 4/5 -", ThinPoolStatus{
			TransactionID: 1, UsedMetadataBlocks: 2, TotalMetadataBlocks: 3, UsedDataBlocks: 4, TotalDataBlocks: 5, Fields: 4,
		}},
		{"linux 3.5", "0 2/3 4/5 6 ro no_discard_passdown", ThinPoolStatus{
			UsedMetadataBlocks: 2, TotalMetadataBlocks: 3, UsedDataBlocks: 4, TotalDataBlocks: 5, HeldMetadataRoot: 6,
			Mode: ThinPoolReadOnly, Discard: ThinPoolNoDiscardPassdown, Fields: 6,
		}},
		{"linux 3.15", "0 2/3 4/5 6 rw discard_passdown error_if_no_space ", ThinPoolStatus{
			UsedMetadataBlocks: 2, TotalMetadataBlocks: 3, UsedDataBlocks: 4, TotalDataBlocks: 5, HeldMetadataRoot: 6,
			Mode: ThinPoolReadWrite, Discard: ThinPoolDiscardPassdown, ErrorIfNoSpace: true, Fields: 7, Extra: " ",
		}},
		{"linux 4.0", "0 2/3 4/5 6 rw discard_passdown queue_if_no_space needs_check ", ThinPoolStatus{
			UsedMetadataBlocks: 2, TotalMetadataBlocks: 3, UsedDataBlocks: 4, TotalDataBlocks: 5, HeldMetadataRoot: 6,
			Mode: ThinPoolReadWrite, Discard: ThinPoolDiscardPassdown, NeedsCheck: true, Fields: 8, Extra: " ",
		}},
		{"failed", "Fail", ThinPoolStatus{Mode: ThinPoolFail}},
		{"unreadable", "Error", ThinPoolStatus{Mode: ThinPoolError}},
		{"failed, with more to say", "Fail 5", ThinPoolStatus{Mode: ThinPoolFail, Extra: " 5"}},
	})
	testBadLines(t, "status", "thin-pool", map[string]int{
		"":             1,
		"fail":         1,
		"0 1/2 3/4":    4,
		"0 1/2 3 -":    3,
		"0 1/ 3/4 -":   2,
		"0 1/2 3/4 0":  4,
		"0 01/2 3/4 -": 2,
		"0 1/2 3/4 - rw discard_passdown queue - 9":               7,
		"0 1/2 3/4 - rw discard_passdown queue_if_no_space yes 9": 8,
	})
}
