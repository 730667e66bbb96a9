package metadata

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErrors(t *testing.T) {
	fault := corrupt(7, "mapping node", "checksum", 1, 2)
	other := unreadable(9, "held root", fs.ErrPermission)
	lost := *fault
	lost.Devices, lost.Blocks = NewRange(3, 3), NewRange(5, 9)
	several := *fault
	several.Devices = NewRange(3, 4)
	report := func(faults ...*CorruptError) *Report {
		return &Report{Faults: faults, FaultCount: uint64(len(faults))}
	}
	leak := &Report{MetadataLeaks: Leaks{Blocks: 4}}
	tests := []struct {
		err  error
		text string
		is   []error
		not  []error
	}{
		{fault, "metadata: block 7 (mapping node): checksum: expected 1, found 2", []error{ErrCorrupt}, []error{ErrLeak}},
		{&lost, "metadata: block 7 (mapping node): checksum: expected 1, found 2 (device 3, blocks 5..9)", []error{ErrCorrupt}, nil},
		{&several, "metadata: block 7 (mapping node): checksum: expected 1, found 2 (devices 3..4)", []error{ErrCorrupt}, nil},
		{other, "metadata: block 9 (held root): unreadable: permission denied", []error{ErrCorrupt, fs.ErrPermission}, nil},
		{&UnsoundError{report(fault)}, "metadata: not sound: " + fault.Error(), []error{ErrCorrupt}, []error{ErrLeak}},
		{&UnsoundError{report(fault, other)}, "metadata: not sound: " + fault.Error() + " (and 1 more faults)",
			[]error{ErrCorrupt, fs.ErrPermission}, []error{ErrLeak}},
		{&UnsoundError{leak}, "metadata: not sound: 4 metadata blocks leak; a repair reclaims them", []error{ErrLeak}, []error{ErrCorrupt}},
		{&UnsupportedError{Flags: 4}, "metadata: unknown incompatible features 0x4", []error{errors.ErrUnsupported}, []error{ErrCorrupt}},
		{&UnsupportedError{Flags: 4, ReadOnly: true}, "metadata: unknown features 0x4 allow no writing", []error{errors.ErrUnsupported}, nil},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			require.EqualError(t, test.err, test.text)
			for _, is := range test.is {
				require.ErrorIs(t, test.err, is)
			}
			for _, not := range test.not {
				require.NotErrorIs(t, test.err, not)
			}
		})
	}
}

// TestReportIsBounded: a fault is counted when it is not listed.
func TestReportIsBounded(t *testing.T) {
	var r Report
	for i := range uint64(maxListed + 5) {
		r.fault(corrupt(i, "node", "key", 1, 2))
		r.warn(corrupt(i, "node", "key", 1, 2))
		r.DataLeaks.add(2 * i)
	}
	require.Len(t, r.Faults, maxListed)
	require.Len(t, r.Warnings, maxListed)
	require.Len(t, r.DataLeaks.Ranges, maxListed)
	require.EqualValues(t, maxListed+5, r.FaultCount)
	require.EqualValues(t, maxListed+5, r.WarningCount)
	require.EqualValues(t, maxListed+5, r.DataLeaks.Blocks)
}
