package conf

// Section is what a file says below one heading. It does not follow later changes
// of the file.
type Section struct {
	file    *File
	name    string
	line    int // of the heading; 0: it is not there
	entries []entry
}

type entry struct {
	key, value string
	line       int
}

// Name is the section's name.
func (s *Section) Name() string { return s.name }

// Exists reports whether the file has the section.
func (s *Section) Exists() bool { return s.line > 0 }

// Keys are the names of the section's keys as they are spelled, in the order of the file.
func (s *Section) Keys() []string {
	var keys []string
	for _, e := range s.entries {
		keys = append(keys, e.key)
	}
	return keys
}

// Value is a key's value, and whether the key is there.
func (s *Section) Value(key string) (string, bool) {
	e := s.find(key)
	return e.value, e.line > 0
}

func (s *Section) find(key string) entry {
	for _, e := range s.entries {
		if sameKey(e.key, key) {
			return e
		}
	}
	return entry{}
}

// Error says that something is wrong with a key, or with the section where the
// key is empty.
func (s *Section) Error(key string, err error) *Error {
	at := s.line
	if e := s.find(key); e.line > 0 {
		at = e.line
	}
	return &Error{Path: s.file.path, Line: at, Section: s.name, Key: key, Err: err}
}
