package dm

import (
	"fmt"

	"github.com/rok-storage/rok/units"
)

// MirrorLog says where a mirror notes which regions are in sync:
// Documentation/admin-guide/device-mapper/dm-log.rst.
type MirrorLog struct {
	// Type is "core" (in memory), "disk" (on Dev), or "userspace", which asks
	// a daemon: a cluster's logs go that way.
	Type       string
	Dev        BlockDev      // of a "disk" log
	RegionSize units.Sectors // of a "core" or "disk" log
	// Sync tells a "core" or "disk" log what to believe at the start.
	Sync MirrorSync
	// Args are the arguments behind those, or all of them for a log of any
	// other type, as words of the line.
	Args []string
}

// MirrorSync says what a log believes at the start. The zero value is what
// the log has noted, and nothing in sync for one that notes nothing.
type MirrorSync string

// The words of drivers/md/dm-log.c.
const (
	MirrorForceSync MirrorSync = "sync"   // every region is to be copied
	MirrorNoSync    MirrorSync = "nosync" // no region is: the devices are alike
)

// Mirror keeps the same data on several devices: target "mirror",
// drivers/md/dm-raid1.c. [Raid] has taken its place for most uses.
// [MirrorStatus] is its status.
//
//	0 2097152 mirror disk 2 254:0 1024 2 254:1 0 254:2 0 1 handle_errors
//
// The zero value has neither log nor devices; the features may stay zero.
type Mirror struct {
	Log     MirrorLog
	Mirrors []MirrorDevice // the first is the one that is read at the start

	HandleErrors bool // go on without a device that fails
	KeepLog      bool // with HandleErrors: go on noting without it

	Other []string // features that have no field here, verbatim
	Extra string   // what follows in the line, verbatim
}

// MirrorDevice is one copy of a [Mirror].
type MirrorDevice struct {
	Dev    BlockDev
	Offset units.Sectors // where on Dev the mirror begins
}

// Type returns "mirror".
func (Mirror) Type() string { return "mirror" }

func (t *Mirror) features() []field {
	return []field{{"handle_errors", &t.HandleErrors}, {"keep_log", &t.KeepLog}}
}

// fields are the arguments of a log that have fields of their own.
func (g *MirrorLog) fields() []field {
	switch g.Type {
	case "core":
		return []field{{"region size", &g.RegionSize}}
	case "disk":
		return []field{{"log device", needed{&g.Dev}}, {"region size", &g.RegionSize}}
	}
	return nil
}

// words returns the log as a table has it.
func (g *MirrorLog) words() ([]string, error) {
	args := g.fields()
	if g.Sync != "" {
		if args == nil {
			return nil, fmt.Errorf("log %q: Sync is for core and disk logs", g.Type)
		}
		args = append(args, field{"sync", (*string)(&g.Sync)})
	}
	if err := checkFields(append(args, field{"type", (*string)(&g.Type)})); err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	if err := checkWords(g.Args...); err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	var words []string
	for _, f := range args {
		words = append(words, f.word())
	}
	return append(words, g.Args...), nil
}

func (p *params) mirrorLog() MirrorLog {
	g := MirrorLog{Type: p.word("log type")}
	n := p.uint("number of log arguments", 16)
	end := p.words + int(n)
	if args := g.fields(); args != nil {
		p.fields(len(args), args)
		if sync := MirrorSync(p.peek()); p.words < end && (sync == MirrorForceSync || sync == MirrorNoSync) {
			p.word("sync")
			g.Sync = sync
		}
	}
	if p.words > end {
		p.fail("more arguments than the log counts")
	}
	g.Args = p.list(end-p.words, "log argument")
	return g
}

// AppendParams appends "LOG #ARGS ARG… #MIRRORS DEV OFFSET…" and, if there are
// any, "#FEATURES FEATURE…". It fails where a device or the log is not set.
func (t Mirror) AppendParams(b []byte) ([]byte, error) {
	log, err := t.Log.words()
	if err != nil {
		return b, err
	}
	if len(t.Mirrors) == 0 {
		return b, errNoDevice
	}
	if err := checkWords(t.Other...); err != nil {
		return b, fmt.Errorf("features: %w", err)
	}
	l := appendLine(b).word(t.Log.Type).counted(log).uint(uint64(len(t.Mirrors)))
	for i, m := range t.Mirrors {
		if m.Dev.IsZero() {
			return b, fmt.Errorf("mirror %d: %w", i, errNoDevice)
		}
		l.dev(m.Dev).sectors(m.Offset)
	}
	if words := options(t.features(), t.Other); len(words) > 0 {
		l.counted(words)
	}
	return l.extra(t.Extra).b, nil
}

func parseMirror(s string) (Target, error) {
	var t Mirror
	p := tableParams(t.Type(), s)
	t.Log = p.mirrorLog()
	n := p.uint("number of mirrors", 16)
	if n == 0 {
		p.fail("number of mirrors: want one at least")
	}
	for ; n > 0 && p.err == nil; n-- {
		t.Mirrors = append(t.Mirrors, MirrorDevice{Dev: p.device("mirror device"), Offset: p.sectors("offset")})
	}
	t.Other = p.options(p.maybeCount("number of features"), t.features())
	t.Extra = p.extra()
	return t, p.end()
}
