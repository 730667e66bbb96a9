package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/klauspost/compress/s2"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/units"
)

// runMapsBare is the loop that an incremental register is held against: what changed is
// read, hashed, compressed and written to a file named by its hash, and nothing else is
// done. Its arguments are the image, the file of ranges, and the directory.
func runMapsBare(args []string) error {
	if len(args) != 3 {
		return usageError{fmt.Errorf("want an image, ranges and a directory")}
	}
	image, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer image.Close()
	text, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	ranges, err := parseRanges(string(text))
	if err != nil {
		return err
	}
	block, packed := make([]byte, mapsBlock), make([]byte, s2.MaxEncodedLen(int(mapsBlock)))
	for _, b := range dirtyBlocks(ranges) {
		n, err := image.ReadAt(block, int64(b)*int64(mapsBlock))
		if n == 0 {
			return err
		}
		data := maps.Strip(block[:n])
		id := sha256.Sum256(data)
		if err := os.WriteFile(filepath.Join(args[2], hex.EncodeToString(id[:])), s2.Encode(packed, data), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func parseRanges(text string) (ranges []maps.Range, err error) {
	for line := range strings.Lines(text) {
		start, length, _ := strings.Cut(strings.TrimSpace(line), " ")
		a, err := strconv.ParseUint(start, 10, 63)
		if err != nil {
			return nil, err
		}
		b, err := strconv.ParseUint(length, 10, 63)
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, maps.Range{Start: units.Bytes(a), Length: units.Bytes(b)})
	}
	return ranges, nil
}
