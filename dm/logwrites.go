package dm

import "github.com/rok-storage/rok/units"

// LogWrites passes I/O on to a device and records every write on another one:
// target "log-writes", drivers/md/dm-log-writes.c. [LogWritesStatus] is its
// status.
//
//	0 2048 log-writes 8:16 8:32
//
// The zero value has no devices, which the kernel refuses.
type LogWrites struct {
	Dev    BlockDev // from its first sector on
	LogDev BlockDev // where the writes are recorded
	Extra  string   // what follows in the line, verbatim
}

func (t *LogWrites) fields() []field {
	return []field{{"device", needed{&t.Dev}}, {"log device", needed{&t.LogDev}}}
}

// Type returns "log-writes".
func (LogWrites) Type() string { return "log-writes" }

// AppendParams appends "DEV LOG-DEV". It fails where one of them is not set.
func (t LogWrites) AppendParams(b []byte) ([]byte, error) {
	return appendFields(b, t.fields(), t.Extra)
}

func parseLogWrites(s string) (Target, error) {
	var t LogWrites
	p := tableParams(t.Type(), s)
	t.Extra = p.all(t.fields())
	return t, p.end()
}

// LogWritesStatus is the status of a [LogWrites].
//
//	0 2048 log-writes 12 340
//	0 2048 log-writes 12 340 logging_disabled
type LogWritesStatus struct {
	LoggedEntries uint64        // records made
	LastSector    units.Sectors // the highest sector of the log device in use
	// LoggingDisabled means that a write to the log device has failed, or that
	// it is full: nothing is recorded any more.
	LoggingDisabled bool
	Extra           string // what follows in the line, verbatim
}

const loggingDisabled = "logging_disabled"

func (s *LogWritesStatus) fields() []field {
	return []field{{"logged entries", &s.LoggedEntries}, {"last sector", &s.LastSector}}
}

// Type returns "log-writes".
func (LogWritesStatus) Type() string { return "log-writes" }

// AppendStatus appends "ENTRIES SECTOR", and "logging_disabled" if it is.
func (s LogWritesStatus) AppendStatus(b []byte) []byte {
	l := appendLine(b).fields(0, s.fields())
	if s.LoggingDisabled {
		l.word(loggingDisabled)
	}
	return l.extra(s.Extra).b
}

func parseLogWritesStatus(params string) (Status, error) {
	var s LogWritesStatus
	p := statusParams(s.Type(), params)
	p.fields(2, s.fields())
	if p.peek() == loggingDisabled {
		p.word(loggingDisabled)
		s.LoggingDisabled = true
	}
	s.Extra = p.extra()
	return s, p.end()
}
