package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"

	"github.com/rok-storage/rok/maps"
)

// KeySize is the number of bytes in a store's key.
const KeySize = 32

const (
	nonceSize = 12
	tagSize   = 16
	// sealedOverhead is how much longer an object gets when it is sealed.
	sealedOverhead = nonceSize + tagSize
)

// sealing is what an encrypted store does with names and bytes. It is for many
// goroutines at once.
type sealing struct {
	objects cipher.AEAD
	bodies  []byte // keys of map bodies are derived from it, each with a salt of its own
	names   []byte
	check   string
}

// newSealing derives a store's keys from the one that its owner keeps, and the store's id: the same key
// in two stores makes different ones.
func newSealing(key []byte, store uuid.UUID) (*sealing, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("store: the key has %d bytes, want %d", len(key), KeySize)
	}
	derive := func(purpose string) ([]byte, error) {
		return hkdf.Key(sha256.New, key, store[:], "rok store v1 "+purpose, KeySize)
	}
	var keys [4][]byte
	for i, purpose := range []string{"objects", "maps", "names", "check"} {
		k, err := derive(purpose)
		if err != nil {
			return nil, fmt.Errorf("store: derive a key: %w", err)
		}
		keys[i] = k
	}
	objects, err := newGCM(keys[0])
	if err != nil {
		return nil, err
	}
	return &sealing{objects: objects, bodies: keys[1], names: keys[2], check: hex.EncodeToString(keys[3][:16])}, nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return cipher.NewGCM(block)
}

// name stands for an id in keys.
func (e *sealing) name(kind maps.Kind, id maps.ID) maps.ID {
	mac := hmac.New(sha256.New, e.names)
	mac.Write([]byte{byte(kind)})
	mac.Write(id[:])
	return maps.ID(mac.Sum(nil))
}

// seal encrypts buf[nonceSize:] in place, with a nonce in front and a tag behind, for which
// there is capacity.
func (e *sealing) seal(key string, buf []byte) []byte {
	nonce := buf[:nonceSize]
	_, _ = rand.Read(nonce) // never fails: it ends the process instead
	return e.objects.Seal(nonce, nonce, buf[nonceSize:], []byte(key))
}

// open decrypts in place what seal has made for the same key.
func (e *sealing) open(key string, sealed []byte) ([]byte, error) {
	if len(sealed) < sealedOverhead {
		return nil, damaged("%d bytes are too short to be sealed", len(sealed))
	}
	plain, err := e.objects.Open(sealed[nonceSize:nonceSize], sealed[:nonceSize], sealed[nonceSize:], []byte(key))
	if err != nil {
		return nil, damaged("seal is broken, or another object's")
	}
	return plain, nil
}
