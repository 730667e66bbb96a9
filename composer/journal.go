package composer

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/maps"
)

// journalHead is the first line of a journal: what its records are true of. One that differs
// from the present one is another volume's, or that of another moment.
type journalHead struct {
	Store     string `json:"store"`
	Name      string `json:"name"`
	Source    string `json:"source"`
	Stamp     string `json:"stamp"`
	Size      uint64 `json:"size"`
	BlockSize uint64 `json:"block_size"`
	Hash      string `json:"hash"`
}

// recordSize is that of a record: index, id, CRC-32C of both, big endian.
const recordSize = 8 + maps.IDSize + 4

// journal notes the ids of the blocks that were read, in order, so that a run that is killed needs not read
// them again. It is of use only for a source that provably did not change. The nil journal notes nothing.
type journal struct {
	f    *os.File
	w    *bufio.Writer
	old  *bufio.Reader // records of the former run that were not asked for yet
	head maps.Entry    // the next of them
	more bool
	last uint64 // index of the last record of the former run
	any  bool   // there is one
}

// openJournal opens the journal of a head in a directory, with what a former run noted. It is nil where
// another process uses it.
func openJournal(dir string, head journalHead) (*journal, error) {
	line, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	line = append(line, '\n')
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	key := sha256.Sum256([]byte(head.Store + "\x00" + head.Name + "\x00" + head.Source))
	f, err := ioctl.OpenFile(filepath.Join(dir, hex.EncodeToString(key[:16])), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{f: f}
	mine, err := ioctl.TryLock(f, true)
	if err == nil && mine {
		err = j.begin(line)
	}
	if err != nil || !mine {
		_ = f.Close() // what was not written is of no use
		return nil, err
	}
	return j, nil
}

// begin looks what is there that is of use, and cuts off the rest.
func (j *journal) begin(line []byte) error {
	found := make([]byte, len(line))
	if _, err := j.f.ReadAt(found, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	start := int64(len(line))
	if !bytes.Equal(found, line) {
		if err := j.f.Truncate(0); err != nil {
			return err
		}
		if _, err := j.f.WriteAt(line, 0); err != nil {
			return err
		}
	}
	in := bufio.NewReader(io.NewSectionReader(j.f, start, 1<<62))
	sound := int64(0)
	for {
		e, ok := readRecord(in)
		if !ok || j.any && e.Index <= j.last {
			break
		}
		j.last, j.any = e.Index, true
		sound += recordSize
	}
	if err := j.f.Truncate(start + sound); err != nil {
		return err
	}
	if _, err := j.f.Seek(start+sound, io.SeekStart); err != nil {
		return err
	}
	j.w = bufio.NewWriterSize(j.f, 4*recordSize)
	j.old = bufio.NewReader(io.NewSectionReader(j.f, start, sound))
	j.head, j.more = readRecord(j.old)
	return nil
}

// readRecord reads one record; false where there is none that is whole and sound.
func readRecord(r io.Reader) (maps.Entry, bool) {
	var b [recordSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return maps.Entry{}, false
	}
	if recordSum(b[:]) != binary.BigEndian.Uint32(b[recordSize-4:]) {
		return maps.Entry{}, false
	}
	e := maps.Entry{Index: binary.BigEndian.Uint64(b[:])}
	copy(e.ID[:], b[8:])
	return e, true
}

func appendRecord(b []byte, e maps.Entry) []byte {
	b = binary.BigEndian.AppendUint64(b, e.Index)
	b = append(b, e.ID[:]...)
	return binary.BigEndian.AppendUint32(b, recordSum(b[len(b)-recordSize+4:]))
}

// recordSum is the checksum of a record that begins with b.
func recordSum(b []byte) uint32 {
	return crc32.Checksum(b[:recordSize-4], crc32.MakeTable(crc32.Castagnoli))
}

// find is the id that a former run noted of a block. Blocks are asked for in order.
func (j *journal) find(index uint64) (maps.ID, bool) {
	if j == nil {
		return maps.ID{}, false
	}
	for j.more && j.head.Index < index {
		j.head, j.more = readRecord(j.old)
	}
	if !j.more || j.head.Index != index {
		return maps.ID{}, false
	}
	return j.head.ID, true
}

// add notes a block. Blocks are added in order.
func (j *journal) add(e maps.Entry) error {
	if j == nil || j.any && e.Index <= j.last {
		return nil
	}
	if _, err := j.w.Write(appendRecord(nil, e)); err != nil {
		return fmt.Errorf("composer: note block %d in %s: %w", e.Index, j.f.Name(), err)
	}
	return nil
}

// close ends the journal; one that is done with is removed.
func (j *journal) close(done bool) error {
	if j == nil {
		return nil
	}
	var err error
	if done {
		if err = os.Remove(j.f.Name()); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	} else {
		err = j.w.Flush()
	}
	return errors.Join(err, j.f.Close())
}
