package dm

// MirrorStatus is the status of a [Mirror].
//
//	0 2097152 mirror 2 254:1 254:2 2048/2048 1 AA 3 disk 254:0 A
type MirrorStatus struct {
	Mirrors                     []MirrorDeviceStatus
	SyncedRegions, TotalRegions uint64
	// Log is the log's type and what it says, as words: "core", or "disk",
	// its device and a [Health] letter.
	Log   []string
	Extra string // what follows, verbatim
}

// MirrorDeviceStatus is the status of one device of a [Mirror].
type MirrorDeviceStatus struct {
	Dev    BlockDev
	Health Health
}

// Type returns "mirror".
func (MirrorStatus) Type() string { return "mirror" }

// AppendStatus appends the line as the kernel printed it.
func (s MirrorStatus) AppendStatus(b []byte) []byte {
	l := appendLine(b).uint(uint64(len(s.Mirrors)))
	letters := make([]byte, 0, len(s.Mirrors))
	for _, m := range s.Mirrors {
		l.dev(m.Dev)
		letters = append(letters, byte(m.Health))
	}
	l.fraction(s.SyncedRegions, s.TotalRegions).word("1").word(string(letters))
	switch {
	case s.lost():
		l.words(s.Log)
	case len(s.Log) > 0:
		l.counted(s.Log)
	}
	return l.extra(s.Extra).b
}

// lost reports that the log's daemon did not answer: userspace_status of
// drivers/md/dm-log-userspace-base.c then prints the type before the count.
func (s *MirrorStatus) lost() bool {
	return len(s.Log) == 3 && s.Log[1] == "1" && s.Log[2] == "COM_FAILURE"
}

func parseMirrorStatus(params string) (Status, error) {
	var s MirrorStatus
	p := statusParams(s.Type(), params)
	for n := p.uint("number of mirrors", 16); n > 0 && p.err == nil; n-- {
		s.Mirrors = append(s.Mirrors, MirrorDeviceStatus{Dev: p.dev("mirror device")})
	}
	s.SyncedRegions, s.TotalRegions = p.fraction("regions")
	p.literal("1")
	letters := p.word("health")
	if len(letters) != len(s.Mirrors) {
		p.fail("health: want a letter for each device")
		return s, p.end()
	}
	for i := range s.Mirrors {
		s.Mirrors[i].Health = Health(letters[i])
	}
	if n := p.maybeCount("number of log words"); n > 0 {
		s.Log = p.list(int(n), "log status")
	} else if p.peek() == "userspace" {
		s.Log = p.list(3, "log status")
		if !s.lost() {
			p.fail("log status: want a count first")
		}
	}
	s.Extra = p.extra()
	return s, p.end()
}
