package lvm

import "slices"

// ReduceLV makes an LV smaller: To what size, or By how much. One of them is
// given; By is rounded down. What was in the part that goes is lost.
type ReduceLV struct {
	Name   string
	To, By Amount
}

func (op ReduceLV) about(vg *VG) (string, string) { return "reduce LV", vg.Name + "/" + op.Name }

func (op ReduceLV) apply(b *Batch) (string, error) {
	m, err := b.find(op.Name)
	if err != nil {
		return "", err
	}
	t, err := b.resized(m)
	if err != nil {
		return "", err
	}
	if err := t.reducible(); err != nil {
		return "", err
	}
	n, err := op.newEnd(b, t)
	if err != nil {
		return "", err
	}
	if t.virtual {
		b.edit(t.user).Segments[0].Length = n
		b.follow(t)
		return op.Name, nil
	}
	b.cut(t.space, n)
	b.follow(t)
	return op.Name, nil
}

func (op *ReduceLV) newEnd(b *Batch, t *resizable) (Extents, error) {
	if op.To.isZero() == op.By.isZero() {
		return 0, refuse(ErrInvalid, "want one of To and By")
	}
	old := t.size()
	whole := b.whole(&Place{}, t.user.lv, t.origin)
	var n Extents
	if op.By.isZero() {
		to, err := op.To.extents(b.vg.ExtentSize, whole, roundUp, roundUp)
		if err != nil {
			return 0, err
		}
		n = to
	} else if of := op.By.Size.Of; t.virtual && op.By.Extents == 0 && of != "" && of != "LV" {
		// lvm2 reduces to such a share, or says that it cannot.
		return 0, refuse(ErrInvalid, "it has no extents to take a share of %s from", of)
	} else {
		by, err := op.By.extents(b.vg.ExtentSize, whole, roundDown, roundDown)
		if err != nil {
			return 0, err
		}
		if by >= old {
			return 0, refuse(ErrInvalid, "it has %d extents, and must keep one", old)
		}
		n = old - by
	}
	n = t.boundary(n)
	switch {
	case n == 0:
		return 0, refuse(ErrInvalid, "it must keep one extent")
	case n > old:
		return 0, refuse(ErrInvalid, "%d extents are more than its %d", n, old)
	case n == old:
		return 0, refuse(ErrUnchanged, "it has %d extents", old)
	}
	return n, nil
}

// cut leaves the first n extents of m's LV.
func (b *Batch) cut(m *member, n Extents) {
	lv := b.edit(m)
	i := slices.IndexFunc(lv.Segments, func(s Segment) bool { return s.Start+s.Length > n })
	for j := i; j < len(lv.Segments); j++ {
		s := &lv.Segments[j]
		gone := *s
		if s.Start < n {
			gone = b.tail(s, n-s.Start)
		}
		b.giveSegment(&gone)
	}
	if lv.Segments[i].Start < n {
		lv.Segments[i].Length = n - lv.Segments[i].Start
		i++
	}
	lv.Segments = lv.Segments[:i:i]
}

// tail is what is behind the first keep extents of s.
func (b *Batch) tail(s *Segment, keep Extents) Segment {
	tail := *s
	tail.Start, tail.Length = s.Start+keep, s.Length-keep
	if t, ok := s.Type.(*Striped); ok {
		c := *t
		c.Areas = slices.Clone(t.Areas)
		for i := range c.Areas {
			c.Areas[i].Start += keep / Extents(len(c.Areas))
		}
		tail.Type = &c
	}
	return tail
}
