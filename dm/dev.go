package dm

import (
	"fmt"
	"strconv"
	"strings"
)

// Dev is the number of a block device. The zero value is no device.
type Dev struct {
	Major uint32 // 12 bits
	Minor uint32 // 20 bits
}

// DevFromUint64 decodes the kernel's "huge" encoding, which is also that of
// stat(2) on the architectures that Go supports: huge_decode_dev,
// include/linux/kdev_t.h.
func DevFromUint64(n uint64) Dev {
	return Dev{Major: uint32(n >> 8 & 0xfff), Minor: uint32(n&0xff | n>>12&0xfff00)}
}

// Uint64 encodes d as the kernel does: huge_encode_dev, include/linux/kdev_t.h.
func (d Dev) Uint64() uint64 {
	return uint64(d.Minor&0xff) | uint64(d.Major&0xfff)<<8 | uint64(d.Minor&^0xff)<<12
}

// String prints d as tables have it: "254:3".
func (d Dev) String() string { return string(d.AppendText(nil)) }

// AppendText appends what String prints.
func (d Dev) AppendText(b []byte) []byte {
	b = strconv.AppendUint(b, uint64(d.Major), 10)
	b = append(b, ':')
	return strconv.AppendUint(b, uint64(d.Minor), 10)
}

// ParseDev reads "254:3".
func ParseDev(s string) (Dev, error) {
	major, minor, _ := strings.Cut(s, ":")
	ma, err1 := strconv.ParseUint(major, 10, 12)
	mi, err2 := strconv.ParseUint(minor, 10, 20)
	d := Dev{Major: uint32(ma), Minor: uint32(mi)}
	if err1 != nil || err2 != nil || d.String() != s {
		return Dev{}, fmt.Errorf("device number %q: want MAJOR:MINOR", s)
	}
	return d, nil
}

// BlockDev is a block device as a table names it. At most one field is set;
// the zero value is no device, which tables write as "-" where they allow it.
type BlockDev struct {
	// Dev is the device's number. Kernels print tables with numbers only.
	Dev Dev
	// Path is the absolute path of a device node, looked up by the kernel when
	// the table is loaded. A number is safer: it cannot change meaning on the
	// way.
	Path string
}

// IsZero reports that b names no device.
func (b BlockDev) IsZero() bool { return b == BlockDev{} }

// String prints b as tables have it: "254:3", an escaped path, or "-".
func (b BlockDev) String() string { return string(b.appendParam(nil)) }

// appendParam appends b with blanks and backslashes of a path escaped, as
// dm_split_args of drivers/md/dm-table.c takes them apart again.
func (b BlockDev) appendParam(p []byte) []byte {
	switch {
	case b.Path != "":
		for i := range len(b.Path) {
			switch b.Path[i] {
			case ' ', '\t', '\n', '\v', '\f', '\r', '\\':
				p = append(p, '\\')
			}
			p = append(p, b.Path[i])
		}
		return p
	case b.Dev != Dev{}:
		return b.Dev.AppendText(p)
	}
	return append(p, '-')
}

// parseBlockDev is the reverse of appendParam: word is one word of a table.
func parseBlockDev(word string) (BlockDev, error) {
	switch {
	case word == "":
		return BlockDev{}, fmt.Errorf("device: missing")
	case word == "-":
		return BlockDev{}, nil
	case word[0] != '/':
		d, err := ParseDev(word)
		if err == nil && d == (Dev{}) {
			err = fmt.Errorf("device %q: no device has that number", word)
		}
		return BlockDev{Dev: d}, err
	}
	path := make([]byte, 0, len(word))
	for i := 0; i < len(word); i++ {
		if word[i] == '\\' && i+1 < len(word) {
			i++
		}
		path = append(path, word[i])
	}
	b := BlockDev{Path: string(path)}
	if b.String() != word {
		return BlockDev{}, fmt.Errorf("device %q: escaped in a way that does not read back", word)
	}
	return b, nil
}
