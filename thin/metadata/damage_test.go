package metadata

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
)

// damager damages an image at random, and tells what it did.
type damager struct {
	t     testing.TB
	rng   *rand.Rand
	image []byte
	used  []uint64 // its blocks that mean something
	did   []string
}

func (d *damager) note(format string, args ...any) {
	d.did = append(d.did, fmt.Sprintf(format, args...))
}

func (d *damager) anyBlock() uint64 { return d.used[d.rng.IntN(len(d.used))] }

// raw damages what checksums are to find: flipped bytes, blocks that are lost,
// torn, or written in another's place; a device that ends too early.
func (d *damager) raw() {
	for range 1 + d.rng.IntN(2) {
		n := d.anyBlock()
		if n >= uint64(len(d.image)/BlockSize) {
			continue // cut off before
		}
		b := block(d.image, n)
		switch d.rng.IntN(6) {
		case 0:
			at := d.rng.IntN(BlockSize)
			b[at] ^= byte(1 + d.rng.IntN(255))
			d.note("block %d: byte %d flipped", n, at)
		case 1:
			clear(b)
			d.note("block %d: zeroed", n)
		case 2:
			clear(b[512*(1+d.rng.IntN(7)):])
			d.note("block %d: torn", n)
		case 3:
			for i := range b {
				b[i] = byte(d.rng.Uint32())
			}
			d.note("block %d: noise", n)
		case 4:
			from := d.anyBlock() % uint64(len(d.image)/BlockSize)
			copy(b, block(d.image, from))
			d.note("block %d: overwritten with block %d", n, from)
		default:
			d.image = d.image[:max(1, n)*BlockSize]
			d.note("cut to %d blocks", max(1, n))
		}
	}
}

// resealed changes keys, counts, pointers, reference counts and other fields, and puts
// the checksums right again.
func (d *damager) resealed() {
	for range 1 + d.rng.IntN(3) {
		n := d.anyBlock()
		b := block(d.image, n)
		s, ok := saltOf(b)
		if !ok {
			continue
		}
		before := bytes.Clone(b)
		switch s {
		case nodeSalt:
			d.node(b)
		case bitmapSalt:
			i := d.rng.IntN(64)
			if d.rng.IntN(4) == 0 {
				i = d.rng.IntN(bitmapEntries)
			}
			bitmap{b[bitmapHeaderSize:]}.set(i, uint8(d.rng.IntN(4)))
			d.note("entry %d of the bitmap", i)
		case superblockSalt:
			d.superblock(b)
		default:
			d.byteAt(b, 4+d.rng.IntN(256))
		}
		if d.rng.IntN(8) == 0 {
			d.byteAt(b, 4+d.rng.IntN(BlockSize-4))
		}
		if !bytes.Equal(before, b) {
			d.note("block %d resealed", n)
		}
		reseal(d.t, before, b)
	}
}

func (d *damager) byteAt(b []byte, at int) {
	b[at] ^= byte(1 + d.rng.IntN(255))
	d.note("byte %d", at)
}

// put replaces a 64-bit number by a neighbour, by a block that is in use, or by
// anything.
func (d *damager) put(b []byte, what string) {
	le := binary.LittleEndian
	old := le.Uint64(b)
	now := d.rng.Uint64() >> d.rng.IntN(64)
	switch d.rng.IntN(4) {
	case 0:
		now = old + 1
	case 1:
		now = old - 1
	case 2:
		now = d.anyBlock()
	}
	le.PutUint64(b, now)
	d.note("%s: %d -> %d", what, old, now)
}

func (d *damager) node(b []byte) {
	le := binary.LittleEndian
	n, most, size := int(le.Uint32(b[16:])), int(le.Uint32(b[20:])), int(le.Uint32(b[24:]))
	if n > most || n > 0 && nodeHeaderSize+most*keySize+n*size > BlockSize {
		return // changed before
	}
	field := d.rng.IntN(5)
	if n == 0 {
		field = 0
	}
	switch field {
	case 0:
		n := d.rng.IntN(most + 2)
		if d.rng.IntN(2) == 0 {
			n = int(le.Uint32(b[16:])) + d.rng.IntN(3) - 1
		}
		le.PutUint32(b[16:], uint32(n))
		d.note("entries: %d", n)
	case 1:
		d.put(b[nodeHeaderSize+d.rng.IntN(n)*keySize:], "key")
	case 2:
		d.byteAt(b, 4+d.rng.IntN(nodeHeaderSize-4))
	default:
		value := b[nodeHeaderSize+most*keySize+d.rng.IntN(n)*size:]
		if size < 8 {
			le.PutUint32(value, d.rng.Uint32N(8))
			d.note("reference count")
			return
		}
		if size == keySize && d.rng.IntN(2) == 0 { // another's value: a shared child, a data block twice
			copy(value[:8], b[nodeHeaderSize+most*keySize+d.rng.IntN(n)*size:])
			d.note("value of another entry")
			return
		}
		d.put(value[d.rng.IntN(size/8)*8:], "value")
	}
}

func (d *damager) superblock(b []byte) {
	fields := []int{16, 40, 48, 56, 64, 72, 80, 88, 192, 200, 208, 216, 320, 328, 336, 344}
	at := fields[d.rng.IntN(len(fields))]
	if d.rng.IntN(4) == 0 {
		d.byteAt(b, 4+d.rng.IntN(superblockSize-4))
		return
	}
	d.put(b[at:], fmt.Sprintf("superblock at %d", at))
}
