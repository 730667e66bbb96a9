package dmtest

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/units"
)

// linear is drivers/md/dm-linear.c.
type linear struct{ Area }

func newLinear(b *Builder) (Instance, error) {
	if len(b.Args) != 2 {
		return nil, syscall.EINVAL
	}
	start, err := strconv.ParseUint(b.Args[1], 10, 64)
	if err != nil {
		return nil, syscall.EINVAL
	}
	dev, err := b.Open(b.Args[0])
	if err != nil {
		return nil, err
	}
	return linear{Area{dev, units.Sectors(start), b.Length}}, nil
}

func (l linear) Areas() []Area { return []Area{l.Area} }
func (l linear) Table() string { return fmt.Sprintf("%v %d", l.Dev, uint64(l.Start)) }
func (linear) Status() string  { return "" }

// striped is drivers/md/dm-stripe.c.
type striped struct {
	chunk uint64
	areas []Area
}

func newStriped(b *Builder) (Instance, error) {
	if len(b.Args) < 2 {
		return nil, syscall.EINVAL
	}
	stripes, err1 := strconv.ParseUint(b.Args[0], 10, 32)
	chunk, err2 := strconv.ParseUint(b.Args[1], 10, 32)
	if err1 != nil || err2 != nil || stripes == 0 || chunk == 0 {
		return nil, syscall.EINVAL
	}
	width := uint64(b.Length) / stripes
	if uint64(b.Length)%stripes != 0 || width%chunk != 0 || uint64(len(b.Args)) != 2+2*stripes {
		return nil, syscall.EINVAL
	}
	s := striped{chunk: chunk}
	for i := 2; i < len(b.Args); i += 2 {
		start, err := strconv.ParseUint(b.Args[i+1], 10, 64)
		if err != nil {
			return nil, syscall.EINVAL
		}
		dev, err := b.Open(b.Args[i])
		if err != nil {
			return nil, err
		}
		s.areas = append(s.areas, Area{dev, units.Sectors(start), units.Sectors(width)})
	}
	return s, nil
}

func (s striped) Areas() []Area { return s.areas }

func (s striped) Table() string {
	line := fmt.Sprintf("%d %d", len(s.areas), s.chunk)
	for _, a := range s.areas {
		line += fmt.Sprintf(" %v %d", a.Dev, uint64(a.Start))
	}
	return line
}

func (s striped) Status() string {
	var devs []dm.Dev
	for _, a := range s.areas {
		devs = append(devs, a.Dev)
	}
	line := strconv.Itoa(len(devs))
	for _, d := range devs {
		line += " " + d.String()
	}
	return line + " 1 " + strings.Repeat("A", len(devs))
}

// zero is drivers/md/dm-zero.c.
type zero struct{}

func newZero(b *Builder) (Instance, error) {
	if len(b.Args) != 0 {
		return nil, syscall.EINVAL
	}
	return zero{}, nil
}

func (zero) Table() string  { return "" }
func (zero) Status() string { return "" }

// newError is drivers/md/dm-target.c, which ignores its arguments.
func newError(*Builder) (Instance, error) { return zero{}, nil }
