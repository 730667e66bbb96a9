package store

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"sync"
)

// A map's bytes in an encrypted store are a header and chunks, each sealed by itself, so that a part can be read:
// of chunkSize plain bytes, the last of 1 to chunkSize, or the only one of none. The key is derived from the store's, a random salt in
// the header, and the object's key; the nonce is the chunk's number, and whether it is the last. So nothing can be
// left out, put elsewhere or come from another map.
const (
	chunkSize  = 1 << 20
	bodyMagic  = "RKS1"
	bodyHeader = 20 // magic and salt
)

// sealedSize is how long so many plain bytes get.
func sealedSize(plain int64) int64 { return bodyHeader + plain + tagSize*chunks(plain) }

// chunks is how many so many plain bytes have.
func chunks(plain int64) int64 { return max(1, (plain+chunkSize-1)/chunkSize) }

// plainSize is the way back; there are sizes that nothing has.
func plainSize(sealed int64) (int64, bool) {
	sealed -= bodyHeader
	if sealed < tagSize {
		return 0, false
	}
	n := (sealed + chunkSize + tagSize - 1) / (chunkSize + tagSize)
	plain := sealed - n*tagSize
	return plain, plain >= 0 && chunks(plain) == n
}

// bodyAEAD makes the cipher of one body.
func (e *sealing) bodyAEAD(key string, header []byte) (cipher.AEAD, error) {
	if string(header[:len(bodyMagic)]) != bodyMagic {
		return nil, damaged("not a sealed map")
	}
	k, err := hkdf.Key(sha256.New, e.bodies, header[len(bodyMagic):bodyHeader], "rok map v1 "+key, KeySize)
	if err != nil {
		return nil, err
	}
	return newGCM(k)
}

// chunkNonce is that of the chunk of the given number, in a body of so many.
func chunkNonce(number, of int64) []byte {
	nonce := make([]byte, nonceSize)
	binary.BigEndian.PutUint64(nonce[nonceSize-9:], uint64(number))
	if number == of-1 {
		nonce[nonceSize-1] = 1
	}
	return nonce
}

// sealBody is what is put of a map's bytes as the object of that key: in an encrypted store, sealed; else
// they themselves. It can be read twice where body can, and must not change in between; it holds one chunk in memory.
func (s *Store) sealBody(key string, body Body) Body {
	if s.sealing == nil {
		return body
	}
	b := &sealedBody{plain: body, header: make([]byte, bodyHeader), at: -1}
	copy(b.header, bodyMagic)
	_, _ = rand.Read(b.header[len(bodyMagic):]) // never fails: it ends the process instead
	b.aead, b.err = s.sealing.bodyAEAD(key, b.header)
	return b
}

// sealedBody seals as it is read. It is for many goroutines.
type sealedBody struct {
	plain  Body
	header []byte
	aead   cipher.AEAD
	err    error

	mu    sync.Mutex
	at    int64 // the chunk that is in chunk, or -1
	chunk []byte
}

// Size is that of the sealed bytes.
func (b *sealedBody) Size() int64 { return sealedSize(b.plain.Size()) }

// ReadAt reads sealed bytes.
func (b *sealedBody) ReadAt(p []byte, off int64) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	done := 0
	for done < len(p) {
		at := off + int64(done)
		switch {
		case b.err != nil:
			return done, b.err
		case at < bodyHeader:
			done += copy(p[done:], b.header[at:])
			continue
		case at >= b.Size():
			return done, io.EOF
		}
		number := (at - bodyHeader) / (chunkSize + tagSize)
		if err := b.seal(number); err != nil {
			return done, err
		}
		done += copy(p[done:], b.chunk[at-bodyHeader-number*(chunkSize+tagSize):])
	}
	return done, nil
}

// seal makes a chunk, unless it is there.
func (b *sealedBody) seal(number int64) error {
	if b.at == number {
		return nil
	}
	b.at = -1
	size := b.plain.Size()
	n := min(chunkSize, size-number*chunkSize)
	buf := room(&b.chunk, int(n)+tagSize)[:n]
	if read, err := b.plain.ReadAt(buf, number*chunkSize); read < int(n) {
		return unexpected(err)
	}
	b.chunk = b.aead.Seal(buf[:0], chunkNonce(number, chunks(size)), buf, nil)
	b.at = number
	return nil
}
