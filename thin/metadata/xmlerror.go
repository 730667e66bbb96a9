package metadata

import (
	"errors"
	"fmt"
)

// XMLError is a place in a pool's XML at which [DecodeXML] stopped.
type XMLError struct {
	Line int // from 1
	// Err is the cause: [ErrXML], errors.ErrUnsupported, io.ErrUnexpectedEOF, an
	// error of the reader, of the context or of the sink, such as [InputError].
	Err error
}

func (e *XMLError) Error() string {
	cause := e.Err.Error()
	if input := (*InputError)(nil); errors.As(e.Err, &input) {
		cause = input.text()
	}
	return fmt.Sprintf("metadata: XML line %d: %s", e.Line, cause)
}

func (e *XMLError) Unwrap() error { return e.Err }
