package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/units"
)

// thinPool is a pool of a test:
//
//	thin-0   thin-1   …       16 MiB each
//	└───── pool ──────┘
//	metadata     data         loop devices
type thinPool struct {
	t              *testing.T
	name           string
	metadata, data string
	active         []uint64
}

const thinBytes = 16 << 20

func newThinPool(t *testing.T) *thinPool {
	testenv.Kernel(t, "thin-pool", "thin", "program dmsetup", "program thin_check")
	t.Setenv("DM_DISABLE_UDEV", "1") // dmsetup makes the nodes
	p := &thinPool{t: t, name: testenv.Name(t), metadata: testenv.LoopDisk(t, 4*units.MiB), data: testenv.LoopDisk(t, 64*units.MiB)}
	t.Cleanup(p.stop)
	return p
}

// start activates the pool with this metadata, and some of its volumes.
func (p *thinPool) start(metadata string, volumes ...uint64) {
	p.t.Helper()
	sectors := strconv.Itoa(64 << 20 / 512)
	dmsetup(p.t, "create", p.name, "--table", "0 "+sectors+" thin-pool "+metadata+" "+p.data+" 128 0 1 error_if_no_space")
	for _, id := range volumes {
		p.volume(id)
	}
}

func (p *thinPool) volume(id uint64) {
	p.t.Helper()
	number := strconv.FormatUint(id, 10)
	dmsetup(p.t, "create", p.name+"-"+number, "--table", "0 "+strconv.Itoa(thinBytes/512)+" thin /dev/mapper/"+p.name+" "+number)
	p.active = append(p.active, id)
}

func (p *thinPool) message(text string) { dmsetup(p.t, "message", p.name, "0", text) }

func (p *thinPool) stop() {
	for _, id := range p.active {
		dmsetup(p.t, "remove", p.path(id))
	}
	p.active = nil
	if strings.Contains(dmsetup(p.t, "ls"), p.name) {
		dmsetup(p.t, "remove", p.name)
	}
}

func (p *thinPool) path(id uint64) string {
	return "/dev/mapper/" + p.name + "-" + strconv.FormatUint(id, 10)
}

// write writes n blocks of random bytes at random places.
func (p *thinPool) write(rng *rand.Rand, id uint64, n int) {
	p.t.Helper()
	f, err := os.OpenFile(p.path(id), os.O_WRONLY, 0)
	require.NoError(p.t, err)
	defer f.Close()
	for range n {
		b := make([]byte, 4096)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		_, err := f.WriteAt(b, rng.Int64N(thinBytes/4096)*4096)
		require.NoError(p.t, err)
	}
	require.NoError(p.t, f.Sync())
}

func (p *thinPool) read(id uint64) []byte {
	p.t.Helper()
	f, err := os.Open(p.path(id))
	require.NoError(p.t, err)
	defer f.Close()
	b, err := io.ReadAll(f)
	require.NoError(p.t, err)
	return b
}

// The kernel's volumes are extracted as it reads them. It activates the metadata
// that rok repairs and restores, reads the same from it, and goes on with it.
func TestKernelThinWritten(t *testing.T) {
	p := newThinPool(t)
	rng := rand.New(rand.NewPCG(9, 0))
	p.start(p.metadata)
	p.message("create_thin 0")
	p.volume(0)
	p.write(rng, 0, 300)
	dmsetup(t, "suspend", p.path(0))
	p.message("create_snap 1 0")
	dmsetup(t, "resume", p.path(0))
	p.volume(1)
	p.write(rng, 0, 50)
	p.write(rng, 1, 20)
	p.message("create_thin 7")
	p.volume(7)
	ids := []uint64{0, 1, 7}
	want := map[uint64][]byte{}
	for _, id := range ids {
		want[id] = p.read(id)
	}

	xml, meta := filepath.Join(t.TempDir(), "xml"), testenv.LoopDisk(t, 4*units.MiB)
	require.Equal(t, int(cli.Refused), rokCode(t, "thin", "extract", "0", "--metadata", p.metadata, "--data", p.data, "-o", xml), "the pool is active")
	require.Equal(t, int(cli.Refused), rokCode(t, "thin", "restore", "-i", "-", "-o", p.metadata, "--force"), "the pool is active")
	p.stop()

	size := strconv.Itoa(thinBytes) + "B"
	disk := testenv.LoopDisk(t, 2*thinBytes)
	for _, id := range ids {
		number := strconv.FormatUint(id, 10)
		out := filepath.Join(t.TempDir(), "volume")
		args := []string{"thin", "extract", number, "--metadata", p.metadata, "--data", p.data, "-q", "-o"}
		onKernel(t, append(args, out, "--size", size)...)
		found, err := os.ReadFile(out)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want[id], found), "volume %d", id)
		onKernel(t, append(args, disk, "--force")...)
		found, err = os.ReadFile(disk)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want[id], found[:thinBytes]), "volume %d", id)
		require.Equal(t, thinBytes, bytes.Count(found[thinBytes:], []byte{0}), "behind volume %d", id)
	}

	shared := testenv.LoopDisk(t, 4*units.MiB)
	onKernel(t, "thin", "repair", "-i", p.metadata, "-o", shared)
	p.goOn(rng, shared, want)
	require.NoError(t, os.WriteFile(xml, []byte(onKernel(t, "thin", "dump", shared)), 0o600))
	onKernel(t, "thin", "restore", "-q", "-i", xml, "-o", meta)
	p.goOn(rng, meta, want)
	spare := testenv.LoopDisk(t, 4*units.MiB)
	wipe, err := os.OpenFile(meta, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = wipe.Write(make([]byte, 4096))
	require.NoError(t, err)
	require.NoError(t, wipe.Close())
	require.Equal(t, int(cli.Corrupt), rokCode(t, "thin", "repair", "-i", meta, "-o", spare, "--data-block-size", "128"))
	p.goOn(rng, spare, want)
}

// goOn activates the pool with metadata that rok wrote, compares, writes, and
// takes a snapshot.
func (p *thinPool) goOn(rng *rand.Rand, metadata string, want map[uint64][]byte) {
	p.t.Helper()
	p.start(metadata, 0, 1, 7)
	for id, bytesWanted := range want {
		require.True(p.t, bytes.Equal(bytesWanted, p.read(id)), "volume %d", id)
	}
	require.Contains(p.t, dmsetup(p.t, "status", p.name), " rw ")
	p.write(rng, 0, 100)
	p.write(rng, 7, 30)
	dmsetup(p.t, "suspend", p.path(7))
	p.message("create_snap 9 7")
	dmsetup(p.t, "resume", p.path(7))
	p.write(rng, 7, 30)
	p.message("delete 9")
	for id := range want {
		want[id] = p.read(id)
	}
	p.stop()
	onKernel(p.t, "thin", "check", metadata)
	out, err := exec.Command("thin_check", metadata).CombinedOutput()
	require.NoError(p.t, err, string(out))
}

// rokCode is what rok exits with.
func rokCode(t *testing.T, args ...string) int {
	t.Helper()
	e := system()
	e.stdin, e.stdout, e.stderr = strings.NewReader(""), io.Discard, io.Discard
	return run(t.Context(), args, e)
}
