package dm

import (
	"errors"
	"time"

	"github.com/rok-storage/rok/units"
)

// Delay holds I/O back for a while before it goes to a device: target
// "delay", drivers/md/dm-delay.c. [DelayStatus] is its status.
//
//	0 2048 delay 8:16 0 500
//	0 2048 delay 8:16 0 0 8:16 0 500
//	0 2048 delay 8:16 0 0 8:16 0 500 8:16 0 800
//
// The zero value has no device, which the kernel refuses.
type Delay struct {
	Read  DelayClass
	Write DelayClass // writes and flushes; with no device, as Read
	Flush DelayClass // flushes; with no device, as Write; needs Write
	Extra string     // what follows in the line, verbatim
}

// DelayClass is how a [Delay] treats one kind of I/O.
type DelayClass struct {
	Dev    BlockDev
	Offset units.Sectors // where on Dev the segment begins
	Delay  time.Duration // whole milliseconds
}

func (c *DelayClass) fields(kind string) []field {
	return []field{
		{kind + "device", needed{&c.Dev}},
		{kind + "offset", &c.Offset},
		{kind + "delay", duration{&c.Delay, time.Millisecond}},
	}
}

// Type returns "delay".
func (Delay) Type() string { return "delay" }

// AppendParams appends "DEV OFFSET DELAY" for each class with a device. It
// fails where Read has none, where Flush has one and Write none, and where a
// delay is not a number of milliseconds.
func (t Delay) AppendParams(b []byte) ([]byte, error) {
	list := t.Read.fields("")
	if !t.Write.Dev.IsZero() {
		list = append(list, t.Write.fields("write ")...)
	}
	if !t.Flush.Dev.IsZero() {
		if t.Write.Dev.IsZero() {
			return b, errors.New("flush: not without write")
		}
		list = append(list, t.Flush.fields("flush ")...)
	}
	return appendFields(b, list, t.Extra)
}

func parseDelay(s string) (Target, error) {
	var t Delay
	p := tableParams(t.Type(), s)
	p.fields(3, t.Read.fields(""))
	if !p.maybe(t.Write.fields("write ")) {
		t.Write = DelayClass{}
	} else if !p.maybe(t.Flush.fields("flush ")) {
		t.Flush = DelayClass{}
	}
	t.Extra = p.extra()
	return t, p.end()
}

// DelayStatus is the status of a [Delay]: how many I/Os of each class are
// held back now.
//
//	0 2048 delay 0 3 0
type DelayStatus struct {
	Read, Write, Flush uint32
	Extra              string // what follows in the line, verbatim
}

func (s *DelayStatus) fields() []field {
	return []field{{"reads", &s.Read}, {"writes", &s.Write}, {"flushes", &s.Flush}}
}

// Type returns "delay".
func (DelayStatus) Type() string { return "delay" }

// AppendStatus appends "READS WRITES FLUSHES".
func (s DelayStatus) AppendStatus(b []byte) []byte {
	return appendLine(b).fields(0, s.fields()).extra(s.Extra).b
}

func parseDelayStatus(params string) (Status, error) {
	var s DelayStatus
	p := statusParams(s.Type(), params)
	s.Extra = p.all(s.fields())
	return s, p.end()
}
