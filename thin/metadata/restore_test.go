package metadata

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/units"
)

// restore writes what text tells of into an image of that many blocks.
func restore(t testing.TB, text string, blocks int, o Overrides) ([]byte, error) {
	t.Helper()
	dev := &memory{image: make([]byte, blocks*BlockSize)}
	_, err := Restore(t.Context(), strings.NewReader(text), dev, units.Bytes(len(dev.image)), o)
	return dev.image, err
}

// The XML of each fixture, restored by rok and by thin_restore: both pass thin_check
// and Check, and thin_dump prints the same XML of both.
func TestRestoreFixtures(t *testing.T) {
	needThinCheck(t)
	for _, name := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			old := fixture(t, name)
			text := string(thinTool(t, old, "thin_dump"))
			image, err := restore(t, text, len(old)/BlockSize, Overrides{})
			require.NoError(t, err)
			requireWritten(t, image, text)
			// thin_restore leaves leaves half full: it needs more room than there was.
			theirs := thinRestore(t, text, 2*len(old))
			require.True(t, sound(t, theirs))
			requireText(t, []byte(text), thinTool(t, theirs, "thin_dump"))
		})
	}
}

// thinRestore is what Debian's thin_restore makes of text.
func thinRestore(t testing.TB, text string, size int) []byte {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "xml"), filepath.Join(dir, "meta")
	require.NoError(t, os.WriteFile(in, []byte(text), 0o600))
	require.NoError(t, os.WriteFile(out, make([]byte, size), 0o600))
	said, err := exec.CommandContext(t.Context(), "thin_restore", "-i", in, "-o", out).CombinedOutput()
	require.NoError(t, err, string(said))
	image, err := os.ReadFile(out)
	require.NoError(t, err)
	return image
}

// UUID, flags, and the version that an old text leaves out are as thin_restore has them.
func TestRestoreSuperblock(t *testing.T) {
	needThinCheck(t)
	for _, text := range []string{
		strings.Replace(xmlHead, `uuid=""`, `uuid="a pool&lt;"`, 1) + "</superblock>",
		strings.Replace(xmlHead, `flags="0"`, `flags="1"`, 1) + "</superblock>",
		strings.Replace(xmlHead, `flags="0" version="2" `, "", 1) + "</superblock>",
	} {
		image, err := restore(t, text, 16, Overrides{})
		require.NoError(t, err)
		ours := openImage(t, image).Superblock()
		theirs := openImage(t, thinRestore(t, text, 16*BlockSize)).Superblock()
		for _, sb := range []*Superblock{&ours, &theirs} {
			sb.MappingRoot, sb.DetailsRoot = 0, 0
			for _, root := range []*SpaceMapRoot{&sb.DataSpaceMap, &sb.MetadataSpaceMap} {
				root.Allocated, root.BitmapRoot, root.RefCountRoot = 0, 0, 0
			}
		}
		require.Equal(t, theirs, ours)
	}
}

func TestRestoreOverrides(t *testing.T) {
	transaction, size, blocks := uint64(77), units.Sectors(256), uint64(8)
	image, err := restore(t, xmlHead+xmlDevice+xmlSingle+xmlTail, 20, Overrides{&transaction, &size, &blocks})
	require.NoError(t, err)
	sb := openImage(t, image).Superblock()
	require.Equal(t, transaction, sb.TransactionID)
	require.Equal(t, size, sb.DataBlockSize)
	require.Equal(t, blocks, sb.DataSpaceMap.Blocks)
	blocks = 7
	_, err = restore(t, xmlHead+xmlDevice+"\n"+xmlSingle+xmlTail, 20, Overrides{DataBlocks: &blocks})
	require.ErrorIs(t, err, ErrDataRange)
	require.EqualError(t, err, "metadata: XML line 2: device 1, blocks 0: data device too small: data blocks: expected below 7, found 7")
}

func TestRestoreRefuses(t *testing.T) {
	old := fixture(t, "restored-small")
	for text, want := range map[string]error{
		xmlHead + xmlDevice + xmlSingle + xmlSingle + xmlTail:                    ErrOrder,
		xmlHead + xmlDevice + "</device>" + xmlDevice + xmlTail:                  ErrOrder,
		strings.Replace(xmlHead, "128", "100", 1) + xmlDevice:                    ErrInvalid,
		xmlHead + strings.Replace(xmlDevice, `"1"`, `"16777216"`, 1) + xmlSingle: ErrInvalid,
		xmlHead + xmlDevice + xmlSingle:                                          nil,
	} {
		dev := &memory{image: append([]byte(nil), old...)}
		_, err := Restore(t.Context(), strings.NewReader(text), dev, units.Bytes(len(old)), Overrides{})
		require.Error(t, err)
		if want != nil {
			require.ErrorIs(t, err, want)
		}
		requireBytes(t, old, dev.image)
	}
	var short *NoRoomError
	_, err := restore(t, strings.Replace(xmlHead, `"100"`, `"1000000000000"`, 1)+"</superblock>", 20, Overrides{})
	require.ErrorAs(t, err, &short)
}
