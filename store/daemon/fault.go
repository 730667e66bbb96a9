package daemon

import (
	"context"
	"errors"

	"github.com/rok-storage/rok/store"
)

// fault is an error on its way: codes that say what it matches, and a text.
type fault struct {
	Codes []string `json:"codes,omitempty"`
	Text  string   `json:"text"`
}

type meaning struct {
	code string
	err  error
}

func meanings() []meaning {
	return []meaning{
		{"missing", store.ErrMissing}, {"exists", store.ErrExists}, {"changed", store.ErrChanged},
		{"unreachable", store.ErrUnreachable}, {"no-space", store.ErrNoSpace}, {"denied", store.ErrDenied},
		{"corrupt", store.ErrCorrupt}, {"settings", store.ErrSettings}, {"name", store.ErrName}, {"locked", store.ErrLocked},
		{"unsupported", errors.ErrUnsupported}, {"protocol", ErrProtocol}, {"body", errAborted},
	}
}

// errAborted says that the client took its body back.
var errAborted = errors.New("the body was not sent to its end")

// maxFault is how much of an error's text is sent.
const maxFault = 4 << 10

func faultOf(err error) *fault {
	if err == nil {
		return nil
	}
	f := &fault{Text: err.Error()}
	if len(f.Text) > maxFault {
		f.Text = f.Text[:maxFault]
	}
	for _, m := range meanings() {
		if errors.Is(err, m.err) {
			f.Codes = append(f.Codes, m.code)
		}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) { // the daemon's own end
		f.Codes = append(f.Codes, "unreachable")
	}
	return f
}

// Error is what was said at the other end.
func (f *fault) Error() string { return f.Text }

// Is tells whether one of the codes is that error's.
func (f *fault) Is(target error) bool {
	for _, m := range meanings() {
		for _, code := range f.Codes {
			if m.err == target && m.code == code {
				return true
			}
		}
	}
	return false
}
