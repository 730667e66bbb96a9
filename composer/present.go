package composer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// PresentRequest says what is to be written where.
type PresentRequest struct {
	// Name is the map's.
	Name string
	// Check compares, and writes nothing.
	Check bool
	// Workers are the blocks that are worked on at once; 0 is what processors and memory suggest.
	Workers int
	// Progress is told how far the work has come; nil: nobody.
	Progress func(Step)
}

// Presented is what Present did.
type Presented struct {
	Map    maps.Header
	Counts PresentCounts
	// Behind is how much of the target is behind the volume's end, and was left as it was.
	Behind units.Bytes
	// Differs are the ranges in which the target is not as the map says, where it was compared only.
	Differs []maps.Range
	// Damaged are the ranges that could not be read from the store, the first 10,000 of them. In the target they
	// were left as they were.
	Damaged []*DamageError
}

// PresentCounts says what became of the bytes of a volume. Together they are its size.
type PresentCounts struct {
	Written units.Bytes // from the store
	Zeroed  units.Bytes // made zeros
	Same    units.Bytes // as the map says already
	Blank   units.Bytes // zeros in a target that has nothing else
	Differs units.Bytes // compared only
	Damaged units.Bytes // could not be read from the store
}

// Present writes the volume of a map into a target, which is at least as large ([ErrTooSmall]). What the target has
// already is not written again, so that the same call goes on where one was ended. Each block is verified. One that
// cannot be read is left out; the result has its range, and the error matches [maps.ErrCorrupt]. Where the map is replaced or
// removed meanwhile, and what it needed is gone, the error is a [*store.ChangedError]: of a target that is written by then, a part is of
// the former state.
// With Check, the error matches [ErrDiffers] where anything differs.
func Present(ctx context.Context, st *store.Store, target Target, r PresentRequest) (Presented, error) {
	m, info, err := st.OpenMap(ctx, r.Name)
	if err != nil {
		return Presented{}, err
	}
	return present(ctx, st.Reading(info), m, target, r)
}

func present(ctx context.Context, st maps.Getter, m *maps.Map, target Target, r PresentRequest) (Presented, error) {
	if size := target.Size(); size < m.Size {
		return Presented{Map: m.Header}, fmt.Errorf("present %s: the volume has %s, the target %s: %w", r.Name, m.Size, size, ErrTooSmall)
	}
	p := &presenting{st: st, m: m, target: target, request: r}
	p.result.Map, p.result.Behind = m.Header, target.Size()-m.Size
	err := p.run(ctx)
	slices.SortFunc(p.result.Damaged, func(a, b *DamageError) int { return cmp.Compare(a.Range.Start, b.Range.Start) })
	if err == nil && !r.Check {
		err = target.Sync()
	}
	return p.result, errors.Join(err, p.verdict())
}

// presenting is a volume on its way into a target.
type presenting struct {
	st      maps.Getter
	m       *maps.Map
	target  Target
	request PresentRequest
	result  Presented
	lost    []damage // of the map itself, noted by the goroutine that walks it
}

// verdict is an error where not all is as it should be.
func (p *presenting) verdict() error {
	var all []error
	for i, d := range p.result.Damaged {
		if i == damageListed {
			all = append(all, fmt.Errorf("present %s: and more, %s together: %w", p.request.Name, p.result.Counts.Damaged, maps.ErrCorrupt))
			break
		}
		all = append(all, d)
	}
	if n := len(p.result.Differs); n > 0 {
		all = append(all, fmt.Errorf("compare %s: ranges: %d, together %s: %w", p.request.Name, n, p.result.Counts.Differs, ErrDiffers))
	}
	return errors.Join(all...)
}

const (
	damageKept   = 10_000 // in a result
	damageListed = 20     // in an error
)

// stretch is a block, or zeros of any length.
type stretch struct {
	r     maps.Range
	index uint64
	id    maps.ID // zero: zeros
}

// stretches are the whole volume in order, zeros in pieces of a block, but for what is damaged and the zeros of a
// blank target.
func (p *presenting) stretches(ctx context.Context) iter.Seq2[stretch, error] {
	return func(yield func(stretch, error) bool) {
		next := units.Bytes(0)
		zeros := func(to units.Bytes) bool {
			if p.target.Blank() {
				next = to
			}
			for next < to {
				r := maps.Range{Start: next, Length: min(p.m.BlockSize, to-next)}
				if !yield(stretch{r: r}, nil) {
					return false
				}
				next = end(r)
			}
			return true
		}
		lost := func(from int) bool {
			for _, d := range p.lost[from:] {
				r := rangeOf(p.m.Shape, d.first, d.blocks)
				if !zeros(r.Start) {
					return false
				}
				next = max(next, end(r))
			}
			return true
		}
		known := 0
		for e, err := range entries(ctx, p.st, p.m, func(d damage) { p.lost = append(p.lost, d) }) {
			s := stretch{index: e.Index, id: e.ID}
			if err == nil {
				s.r = blockRange(p.m.Shape, e.Index)
				if !lost(known) || !zeros(s.r.Start) {
					return
				}
				known = len(p.lost)
				next = end(s.r)
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
		if lost(known) {
			zeros(p.m.Size)
		}
	}
}

func (p *presenting) run(ctx context.Context) error {
	seen := units.Bytes(0)
	room := p.m.BlockSize
	if !p.target.Blank() { // it is read too
		room *= 2
	}
	for done, err := range inOrder(ctx, workersFor(p.request.Workers, room), room, p.stretches(ctx), p.stretch) {
		if err != nil {
			return err
		}
		p.result.add(done)
		seen += done.whole
		if p.request.Progress != nil {
			p.request.Progress(Step{p.request.Name, min(end(done.r), p.m.Size), p.m.Size})
		}
	}
	for _, d := range p.lost {
		r := rangeOf(p.m.Shape, d.first, d.blocks)
		p.result.damaged(&DamageError{p.request.Name, r, d.err})
		seen += r.Length
	}
	p.result.Counts.Blank += p.m.Size - seen
	return nil
}

// presentedStretch is what became of a stretch.
type presentedStretch struct {
	r     maps.Range
	whole units.Bytes // of which r is the part that differs
	what  presentedAs
	err   *DamageError
}

type presentedAs uint8

const (
	presentedWritten presentedAs = iota + 1
	presentedZeroed
	presentedSame
	presentedDiffers
	presentedDamaged
)

func (p *Presented) add(d presentedStretch) {
	c := &p.Counts
	switch d.what {
	case presentedWritten:
		c.Written += d.r.Length
	case presentedZeroed:
		c.Zeroed += d.r.Length
	case presentedSame:
		c.Same += d.r.Length
	case presentedDiffers:
		c.Differs += d.r.Length
		c.Same += d.whole - d.r.Length
		if n := len(p.Differs); n > 0 && end(p.Differs[n-1]) == d.r.Start {
			p.Differs[n-1].Length += d.r.Length
		} else {
			p.Differs = append(p.Differs, d.r)
		}
	case presentedDamaged:
		p.damaged(d.err)
	}
}

func (p *Presented) damaged(d *DamageError) {
	p.Counts.Damaged += d.Range.Length
	if len(p.Damaged) < damageKept {
		p.Damaged = append(p.Damaged, d)
	}
}

// stretch makes a stretch of the target what the map says, or compares it.
func (p *presenting) stretch(ctx context.Context, s stretch, buf []byte) (presentedStretch, error) {
	done := presentedStretch{r: s.r, whole: s.r.Length}
	if err := ctx.Err(); err != nil {
		return done, err
	}
	buf, second := buf[:p.m.BlockSize], buf[len(buf)-int(p.m.BlockSize):]
	there := buf[:s.r.Length]
	if !p.target.Blank() {
		if n, err := p.target.ReadAt(there, int64(s.r.Start)); n < len(there) {
			if !errors.Is(err, io.EOF) {
				return done, err
			}
			return done, fmt.Errorf("the target ends at byte %d: %w", int64(s.r.Start)+int64(n), io.ErrUnexpectedEOF)
		}
		if p.m.Hash.BlockID(there) == s.id {
			done.what = presentedSame
			return done, nil
		}
	}
	if p.request.Check {
		return p.compare(ctx, s, done, there, second)
	}
	if s.id.IsZero() {
		done.what = presentedZeroed
		return done, p.target.Zero(s.r.Start, s.r.Length)
	}
	data, err := p.m.ReadBlock(ctx, p.st, s.index, s.id, second)
	if damaged(err) {
		done.what, done.err = presentedDamaged, &DamageError{p.request.Name, s.r, err}
		return done, nil
	}
	if err != nil {
		return done, err
	}
	return p.write(s, done, data)
}

// padding is how many zeros are rather written than made.
const padding = 64 << 10

// write writes a block, of which data is without the zeros at its end, at the begin of a buffer.
func (p *presenting) write(s stretch, done presentedStretch, data []byte) (presentedStretch, error) {
	done.what = presentedWritten
	if p.target.Blank() {
		for from, to := range dataWithin(data) {
			if _, err := p.target.WriteAt(data[from:to], int64(s.r.Start)+int64(from)); err != nil {
				return done, err
			}
		}
		return done, nil
	}
	rest := int(s.r.Length) - len(data)
	if rest <= padding {
		n := len(data)
		data = data[:s.r.Length]
		clear(data[n:])
		rest = 0
	}
	if _, err := p.target.WriteAt(data, int64(s.r.Start)); err != nil || rest == 0 {
		return done, err
	}
	return done, p.target.Zero(end(s.r)-units.Bytes(rest), units.Bytes(rest))
}

// dataWithin are the parts of data between zeros that are worth a hole.
func dataWithin(data []byte) iter.Seq2[int, int] {
	const page, worth = 4096, 64 << 10
	return func(yield func(int, int) bool) {
		start, stop := 0, 0 // of the part that is collected
		for at := 0; at < len(data); at += page {
			if next := min(at+page, len(data)); len(maps.Strip(data[at:next])) > 0 {
				if at-stop >= worth {
					if stop > start && !yield(start, stop) {
						return
					}
					start = at
				}
				stop = next
			}
		}
		if stop > start {
			yield(start, stop)
		}
	}
}

// compare finds which bytes differ. Where the store has not got the block, all of it may.
func (p *presenting) compare(ctx context.Context, s stretch, done presentedStretch, there, buf []byte) (presentedStretch, error) {
	done.what = presentedDiffers
	if s.id.IsZero() {
		return narrowed(done, there, nil), nil
	}
	data, err := p.m.ReadBlock(ctx, p.st, s.index, s.id, buf)
	if damaged(err) {
		return done, nil // that the target is not the block is known by its hash
	}
	return narrowed(done, there, data), err
}

// narrowed is a difference from the first page that differs to the last; data ends in zeros that are left out.
func narrowed(done presentedStretch, there, data []byte) presentedStretch {
	const page = 4096
	differs := func(from int) bool {
		to := min(from+page, len(there))
		want := data[min(from, len(data)):min(to, len(data))]
		have := there[from:to]
		return !bytes.Equal(have[:len(want)], want) || len(maps.Strip(have[len(want):])) > 0
	}
	first := 0
	for first < len(there) && !differs(first) {
		first += page
	}
	last := (len(there) - 1) / page * page
	for last > first && !differs(last) {
		last -= page
	}
	done.r = maps.Range{Start: done.r.Start + units.Bytes(first), Length: units.Bytes(min(last+page, len(there)) - first)}
	return done
}
