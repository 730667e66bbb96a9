package host

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Archived is an older text of a VG.
type Archived struct {
	Path  string
	Index uint64 // larger ones are later, as long as the VG was not made anew
}

// expireEach is how many of a VG's changes are between two looks for texts that
// are too old.
const expireEach = 16

// WriteArchive keeps the text that a VG has before a change, in the form of a
// backup, as ARCHIVEDIR/VG_NNNNN-RANDOM.vg. Where backup/archive is 0 it does
// nothing.
//
// lvm2 lists the directory at each change to find the next number, and what is
// older than backup/retain_days and not one of the last backup/retain_min. In a
// directory of 120,000 files that costs more than the change. Here the number is
// the VG's seqno before the change, which lvm2 goes on from, and the directory
// is listed at every 16th change.
func (h *Host) WriteArchive(vg string, seqno uint32, text []byte) error {
	if !h.Settings.Archive {
		return nil
	}
	fault := func(err error) error {
		if err != nil {
			err = fmt.Errorf("archive of %s: %w", vg, err)
		}
		return err
	}
	if !plainName(vg) {
		return fault(ErrVGName)
	}
	err := h.addToArchive(vg, seqno, text)
	if err == nil && seqno%expireEach == 0 {
		err = h.ExpireArchive(vg)
	}
	return fault(err)
}

// addToArchive puts text under a name that nobody has. It is not flushed, as lvm2's is
// not: what a power cut could take with it is in the metadata areas, too, until
// they have been written around.
func (h *Host) addToArchive(vg string, seqno uint32, text []byte) error {
	tmp, err := h.writeTemporary(h.Settings.ArchiveDir, text, func(*os.File) error { return nil })
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		err := os.Link(tmp, filepath.Join(h.Settings.ArchiveDir, archiveName(vg, seqno)))
		if !errors.Is(err, fs.ErrExist) || try == temporaryTries {
			return errors.Join(err, os.Remove(tmp))
		}
	}
}

// archiveName is as in lib/format_text/archive.c.
func archiveName(vg string, seqno uint32) string {
	return fmt.Sprintf("%s_%05d-%d.vg", vg, seqno, random31())
}

// ExpireArchive removes what is too old, and leaves the last RetainMin of the
// VG's texts.
func (h *Host) ExpireArchive(vg string) error {
	all, err := h.ListArchive(vg)
	if err != nil {
		return err
	}
	left := len(all)
	oldest := time.Now().AddDate(0, 0, -h.Settings.RetainDays)
	for _, a := range all {
		if left <= h.Settings.RetainMin {
			break
		}
		info, err := os.Stat(a.Path)
		if err == nil && info.ModTime().Before(oldest) {
			err = os.Remove(a.Path)
			left--
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// ListArchive returns the older texts of a VG, by their numbers. It lists the
// whole directory.
func (h *Host) ListArchive(vg string) ([]Archived, error) {
	d, err := os.Open(h.Settings.ArchiveDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var all []Archived
	for {
		names, err := d.Readdirnames(1024)
		for _, name := range names {
			if index, ok := archiveIndex(name, vg); ok {
				all = append(all, Archived{filepath.Join(h.Settings.ArchiveDir, name), index})
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b Archived) int {
		return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.Path, b.Path))
	})
	return all, nil
}

// archiveIndex takes the number out of VG_NNNNN-RANDOM.vg. Names of VGs may
// have "_" and digits in them, so the digits must be all that is left.
func archiveIndex(name, vg string) (uint64, bool) {
	rest, ok := strings.CutPrefix(name, vg+"_")
	if !ok {
		return 0, false
	}
	if rest, ok = strings.CutSuffix(rest, ".vg"); !ok {
		return 0, false
	}
	number, random, ok := strings.Cut(rest, "-")
	if _, err := strconv.ParseUint(random, 10, 64); !ok || err != nil {
		return 0, false
	}
	index, err := strconv.ParseUint(number, 10, 64)
	return index, err == nil
}
