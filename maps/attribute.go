package maps

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Attribute is something that is said about a map and is not part of the volume:
// a label, where it comes from, when. No id depends on it.
type Attribute struct {
	Key   string // 1 to 255 bytes
	Value string // at most 65,535 bytes
}

// MaxAttributes is the number of bytes that all attributes of a map have room in.
const MaxAttributes = 64 << 10

// appendAttributes appends the section: u32 length, the attributes in the order of
// their keys, u32 CRC-32C of all that.
func appendAttributes(dst []byte, attributes []Attribute) ([]byte, error) {
	start := len(dst)
	be := binary.BigEndian
	dst = be.AppendUint32(dst, 0)
	for i, a := range attributes {
		if len(a.Key) == 0 || len(a.Key) > 255 || len(a.Value) > 65535 {
			return nil, fmt.Errorf("maps: attribute %q: key of 1 to 255 bytes, value of at most 65535: %w", a.Key, ErrShape)
		}
		if i > 0 && attributes[i-1].Key >= a.Key {
			return nil, fmt.Errorf("maps: attribute %q: keys ascend: %w", a.Key, ErrShape)
		}
		dst = append(append(dst, byte(len(a.Key))), a.Key...)
		dst = append(be.AppendUint16(dst, uint16(len(a.Value))), a.Value...)
	}
	n := len(dst) - start - 4
	if n > MaxAttributes {
		return nil, fmt.Errorf("maps: %d bytes of attributes: at most %d: %w", n, MaxAttributes, ErrShape)
	}
	be.PutUint32(dst[start:], uint32(n))
	return be.AppendUint32(dst, checksum(dst[start:])), nil
}

// parseAttributes reads a whole section.
func parseAttributes(section []byte) ([]Attribute, *CorruptError) {
	be := binary.BigEndian
	body := section[:len(section)-4]
	if want, found := checksum(body), be.Uint32(section[len(body):]); want != found {
		return nil, fault("checksum", want, found)
	}
	var all []Attribute
	for b := body[4:]; len(b) > 0; {
		key := int(b[0])
		if key == 0 || len(b) < 1+key+2 {
			return nil, fault("length of a key", "1 and up to what is there", key)
		}
		value := int(be.Uint16(b[1+key:]))
		if len(b) < 1+key+2+value {
			return nil, fault("length of a value", fmt.Sprint("at most ", len(b)-3-key), value)
		}
		a := Attribute{Key: string(b[1 : 1+key]), Value: string(b[3+key : 3+key+value])}
		if n := len(all); n > 0 && all[n-1].Key >= a.Key {
			return nil, fault("order of keys", fmt.Sprintf("above %q", all[n-1].Key), fmt.Sprintf("%q", a.Key))
		}
		all, b = append(all, a), b[3+key+value:]
	}
	return all, nil
}

// checksum is CRC-32C (RFC 3720, B.4).
func checksum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }
