package daemon

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rok-storage/rok/store"
)

// A file of the cache is, in numbers that are big endian,
//
//	8 bytes   "ROKCACH1"
//	4         CRC-32C of all that follows
//	4         length of the entry
//	…         the entry: JSON, with the key, as the protocol has it
//	…         the body, of the entry's size
const (
	cacheMagic = "ROKCACH1"
	cacheHead  = 16
	// maxEntry is more than any entry has.
	maxEntry = 16 << 10
)

var errTorn = errors.New("not a whole file of the cache")

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func encodeEntry(key string, info store.Info) []byte {
	info.Key = key
	text, _ := json.Marshal(entryOf(info)) // strings, a number and a time
	return text
}

// cachedSize is the size of a copy on the disk.
func cachedSize(key string, info store.Info, body []byte) int64 {
	return int64(cacheHead + len(encodeEntry(key, info)) + len(body))
}

const cacheTemp = "tmp-"

// writeCached writes a copy beside the others, and returns its path. It need not be on the disk: torn ones are found out.
func writeCached(dir, key string, info store.Info, body []byte) (path string, err error) {
	entry := encodeEntry(key, info)
	head := binary.BigEndian.AppendUint32(make([]byte, 0, len(entry)+4), uint32(len(entry)))
	head = append(head, entry...)
	sum := crc32.Update(crc32.Checksum(head, castagnoli()), castagnoli(), body)
	f, err := os.CreateTemp(dir, cacheTemp)
	if err != nil {
		return "", err
	}
	_, err1 := f.Write(binary.BigEndian.AppendUint32([]byte(cacheMagic), sum))
	_, err2 := f.Write(head)
	_, err3 := f.Write(body)
	if err := errors.Join(err1, err2, err3, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// readCached reads a part of a copy, all of which it checks.
func readCached(path, key string, off int64, dst []byte) (int, store.Info, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, store.Info{}, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return 0, store.Info{}, err
	}
	e, at, err := checkCached(f, st.Size())
	if err != nil {
		return 0, store.Info{}, err
	}
	if e.Key != key {
		return 0, store.Info{}, fmt.Errorf("it has another key: %w", errTorn)
	}
	info := e.info()
	info.Key = ""
	if off >= e.Size {
		return 0, info, nil
	}
	n, err := f.ReadAt(dst[:min(int64(len(dst)), e.Size-off)], at+off)
	return n, info, err
}

// checkCached tells what a file is a copy of, and where the body begins.
func checkCached(r io.ReaderAt, size int64) (e entry, body int64, err error) {
	var head [cacheHead]byte
	if size < cacheHead {
		return entry{}, 0, errTorn
	}
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return entry{}, 0, err
	}
	length := int64(binary.BigEndian.Uint32(head[12:]))
	if string(head[:8]) != cacheMagic || length > maxEntry || length > size-cacheHead {
		return entry{}, 0, errTorn
	}
	sum := crc32.New(castagnoli())
	if _, err := io.Copy(sum, io.NewSectionReader(r, 12, size-12)); err != nil {
		return entry{}, 0, err
	}
	if sum.Sum32() != binary.BigEndian.Uint32(head[8:]) {
		return entry{}, 0, errTorn
	}
	text := make([]byte, length)
	if _, err := r.ReadAt(text, cacheHead); err != nil && length > 0 {
		return entry{}, 0, err
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return entry{}, 0, fmt.Errorf("%w: %w", errTorn, err)
	}
	body = cacheHead + length
	if e.Size != size-body {
		return entry{}, 0, errTorn
	}
	return e, body, nil
}

// cacheFiles are the copies in a directory, the oldest first. What a kill left half written is removed.
func cacheFiles(dir string) (found []cached, err error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	type file struct {
		cached
		written int64
	}
	var files []file
	for _, d := range names {
		name := d.Name()
		if strings.HasPrefix(name, cacheTemp) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return nil, err
			}
			continue
		}
		info, err := d.Info()
		if err != nil {
			return nil, err
		}
		if len(name) == 64 && info.Mode().IsRegular() {
			files = append(files, file{cached{name, info.Size()}, info.ModTime().UnixNano()})
		}
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.written, b.written) })
	for _, f := range files {
		found = append(found, f.cached)
	}
	return found, nil
}
