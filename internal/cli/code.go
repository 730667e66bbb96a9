package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// Code is the status that a program exits with.
type Code int

// The codes, the same in every command. One that works on many objects goes on
// after an error, and exits with the highest code it met.
const (
	Done        Code = iota // or nothing to do
	Failed                  // none of the others
	Usage                   // the command line is wrong; nothing was done
	Refused                 // by a safety check; nothing was done
	NotFound                // no such object
	Unreachable             // a store or a peer
	NoSpace                 // refused, or failed on the way
	Corrupt                 // data found damaged
)

// Rule gives a code to the errors that Match.
type Rule struct {
	Code  Code
	Match func(error) bool
}

// Is matches errors as [errors.Is] does.
func Is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// As matches errors as [errors.As] does.
func As[T error]() func(error) bool {
	return func(err error) bool { _, ok := errors.AsType[T](err); return ok }
}

// everywhere holds the rules that need no package of rok.
func everywhere() []Rule {
	return []Rule{
		{NoSpace, Is(syscall.ENOSPC)},
		{NoSpace, Is(syscall.EDQUOT)},
		{Unreachable, Is(syscall.ECONNREFUSED)},
		{Unreachable, Is(syscall.ECONNRESET)},
		{Unreachable, Is(syscall.EHOSTUNREACH)},
		{Unreachable, Is(syscall.ENETUNREACH)},
		{Unreachable, Is(os.ErrDeadlineExceeded)},
		{Unreachable, Is(context.DeadlineExceeded)},
		{NotFound, Is(fs.ErrNotExist)},
		{Refused, func(err error) bool {
			var e interface {
				error
				Refused() bool
			}
			return errors.As(err, &e) && e.Refused()
		}},
		{Usage, As[*UsageError]()},
	}
}

// CodeOf is the code that err stands for: the highest one whose rule matches,
// or [Failed]. An [*Error] with a code of its own hides what it wraps. An error
// with a method Refused that returns true is [Refused]. Joined errors are
// judged one by one.
func CodeOf(err error, rules ...Rule) Code {
	if err == nil {
		return Done
	}
	code := Failed
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			code = max(code, CodeOf(e, rules...))
		}
		return code
	}
	if e, ok := errors.AsType[*Error](err); ok && e.Code != Done {
		return e.Code
	}
	for _, rule := range append(everywhere(), rules...) {
		if rule.Code > code && rule.Match(err) {
			code = rule.Code
		}
	}
	return code
}

// Error is an error of which the command knows more than the library did.
type Error struct {
	Err  error
	Next string // what the user can do, a clause without a full stop; may be empty
	Code Code   // zero: what CodeOf says of Err
}

// Error prints the error and the next step, in one line.
func (e *Error) Error() string {
	if e.Next == "" {
		return e.Err.Error()
	}
	return e.Err.Error() + "; " + e.Next
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Each calls do with each object in turn, goes on after an error, and returns
// all errors joined.
func Each[T any](objects []T, do func(T) error) error {
	var all []error
	for _, o := range objects {
		if err := do(o); err != nil {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}
