package ioctl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
)

func FuzzReplyTargets(f *testing.F)  { fuzzReply(f, 0) }
func FuzzReplyNames(f *testing.F)    { fuzzReply(f, 1) }
func FuzzReplyVersions(f *testing.F) { fuzzReply(f, 2) }
func FuzzReplyDeps(f *testing.F)     { fuzzReply(f, 3) }
func FuzzReplyMessage(f *testing.F)  { fuzzReply(f, 4) }

// fuzzReply holds that a parser ends without a panic, whatever the kernel
// sends, that its error is ErrReply, and that what it finds has its place in
// the reply.
func fuzzReply(f *testing.F, kind int) {
	k := replyKinds()[kind]
	f.Add(uint32(47), uint32(k.flags), k.targets, uint32(312), uint32(0), k.data())
	f.Add(uint32(36), uint32(k.flags), uint32(1), uint32(305), uint32(305), k.data())
	f.Add(uint32(45), uint32(ioctl.FlagBufferFull), uint32(1<<31), uint32(1<<31), uint32(1<<31), []byte{})
	f.Fuzz(func(t *testing.T, minor, flags, targets, start, size uint32, data []byte) {
		b := reply(minor, ioctl.Flags(flags), targets, data)
		h := b.Header()
		h.DataStart = start
		if size != 0 {
			h.DataSize = size
		}
		found, err := k.read(b)
		if err != nil {
			require.ErrorIs(t, err, ioctl.ErrReply)
		}
		require.LessOrEqual(t, len(found), b.Cap()/8)
		total := 0
		for _, s := range found {
			total += len(s)
		}
		require.LessOrEqual(t, total, 60*len(found)+2*b.Cap())
	})
}
