package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// The codecs of packed objects. The numbers are those of the format.
const (
	codecRaw  = 0
	codecZstd = 1
	codecS2   = 2
)

const (
	// headerSize is that of a packed object: codec, three zero bytes, plain length.
	headerSize = 8
	// maxPlain is the longest plain object.
	maxPlain = 16 << 20
)

// codecError says that an object is packed with what this release does not know. It
// matches errors.ErrUnsupported, and [ErrCorrupt] too: one byte that is damaged looks the same.
type codecError byte

func (e codecError) Error() string {
	return fmt.Sprintf("codec %d is not known: it is damaged, or a newer release may read it", byte(e))
}

func (e codecError) Is(target error) bool {
	return target == errors.ErrUnsupported || target == ErrCorrupt
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrCorrupt)
}

// codecs compress and decompress. zstd's tables are made when they are first needed. It
// is for many goroutines at once.
type codecs struct {
	encoder func() (*zstd.Encoder, error)
	decoder func() (*zstd.Decoder, error)
}

func newCodecs() *codecs {
	return &codecs{
		encoder: sync.OnceValues(func() (*zstd.Encoder, error) {
			return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false))
		}),
		decoder: sync.OnceValues(func() (*zstd.Decoder, error) {
			return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxPlain),
				zstd.WithDecoderMaxWindow(maxPlain), zstd.WithDecodeAllCapLimit(true))
		}),
	}
}

// maxPacked is how long plain bytes can get with any codec while they are packed.
func maxPacked(plain int) int {
	return headerSize + max(s2.MaxEncodedLen(plain), plain+plain/64+64)
}

// appendPacked appends header and packed bytes to dst, whose capacity has room for
// maxPacked.
func (c *codecs) appendPacked(dst []byte, how Compression, data []byte) ([]byte, error) {
	at := len(dst)
	dst = binary.BigEndian.AppendUint32(append(dst, codecRaw, 0, 0, 0), uint32(len(data)))
	body := len(dst)
	switch how {
	case S2:
		if n := len(s2.Encode(dst[body:cap(dst)], data)); pays(n, len(data)) {
			dst[at] = codecS2
			return dst[:body+n], nil
		}
	case Zstd:
		encoder, err := c.encoder()
		if err != nil {
			return nil, err
		}
		if packed := encoder.EncodeAll(data, dst); pays(len(packed)-body, len(data)) {
			packed[at] = codecZstd
			return packed, nil
		}
	}
	return append(dst[:body], data...), nil
}

// pays tells whether it saves a sixteenth.
func pays(packed, plain int) bool { return packed <= plain-plain/16 && packed < plain }

// plainLen reads the header's length, of which nothing is believed yet.
func plainLen(packed []byte) (int, error) {
	if len(packed) < headerSize {
		return 0, damaged("%d bytes are too short for a header", len(packed))
	}
	if codec := packed[0]; codec > codecS2 {
		return 0, codecError(codec)
	}
	if packed[1]|packed[2]|packed[3] != 0 {
		return 0, damaged("reserved bytes of the header are not zero")
	}
	n := binary.BigEndian.Uint32(packed[4:])
	if n > maxPlain {
		return 0, damaged("length %d, at most %d", n, maxPlain)
	}
	return int(n), nil
}

// unpack puts the plain bytes into dst, and allocates nothing that a header asks for.
// Where they are more, the error matches io.ErrShortBuffer.
func (c *codecs) unpack(packed, dst []byte) (int, error) {
	plain, err := plainLen(packed)
	if err != nil {
		return 0, err
	}
	body := packed[headerSize:]
	if packed[0] == codecRaw && plain != len(body) {
		return 0, damaged("length %d, and %d bytes", plain, len(body))
	}
	if plain > len(dst) {
		return 0, io.ErrShortBuffer
	}
	dst = dst[:plain:plain]
	switch packed[0] {
	case codecRaw:
		return copy(dst, body), nil
	case codecS2:
		return plain, unpackS2(body, dst)
	}
	decoder, err := c.decoder()
	if err != nil {
		return 0, err
	}
	return plain, unpackZstd(decoder, body, dst)
}

func unpackS2(body, dst []byte) error {
	switch n, err := s2.DecodedLen(body); {
	case err != nil:
		return damaged("s2: %v", err)
	case n != len(dst):
		return damaged("length %d, and s2 says %d", len(dst), n)
	}
	if len(dst) == 0 {
		return damaged("s2 of nothing")
	}
	if _, err := s2.Decode(dst, body); err != nil {
		return damaged("s2: %v", err)
	}
	return nil
}

func unpackZstd(decoder *zstd.Decoder, body, dst []byte) error {
	n, err := zstdFrame(body)
	if err != nil {
		return err
	}
	if n != len(body) {
		return damaged("zstd: %d bytes behind its end", len(body)-n)
	}
	plain, err := decoder.DecodeAll(body, dst[:0])
	switch {
	case err != nil:
		return damaged("zstd: %v", err)
	case len(plain) != len(dst):
		return damaged("length %d, and zstd has %d", len(dst), len(plain))
	case len(plain) > 0 && &plain[0] != &dst[0]:
		copy(dst, plain)
	}
	return nil
}

// zstdFrame is the length of the frame at the beginning (RFC 8878, 3.1.1): a decoder would go on
// with further ones, and skip some.
func zstdFrame(body []byte) (int, error) {
	var h zstd.Header
	if err := h.Decode(body); err != nil || h.Skippable {
		return 0, damaged("zstd: no frame's header")
	}
	for at := h.HeaderSize; at+3 <= len(body); {
		block := int(body[at]) | int(body[at+1])<<8 | int(body[at+2])<<16
		size := block >> 3
		if block>>1&3 == 1 { // one byte, repeated
			size = 1
		}
		at += 3 + size
		if block&1 == 0 { // not the last
			continue
		}
		if h.HasCheckSum {
			at += 4
		}
		if at > len(body) {
			break
		}
		return at, nil
	}
	return 0, damaged("zstd: cut short")
}

// room is scratch with the capacity n, of length 0, and grown if need be.
func room(scratch *[]byte, n int) []byte {
	*scratch = slices.Grow((*scratch)[:0], n)
	return *scratch
}
