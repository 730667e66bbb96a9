// Package lint is the project's rules as tests: which package may import
// which, where effects and state may be, what a file looks like, and that the
// documents say what is so. It has no code of its own; "go test ./internal/lint"
// checks the whole tree in about a second, and each message says what to do
// instead.
//
// A rule is a function from one source file, or all of them, to faults.
// TestRulesBite gives every rule of that kind something to find, so that none
// passes because it looks at nothing.
package lint
