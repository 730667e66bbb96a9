package interop_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rok-storage/rok/lvm"
)

// actor is who does an operation.
type actor string

const (
	byLVM2    actor = "lvm2"
	byRok     actor = "rok"     // by lvm.System
	byProgram actor = "program" // by bin/rok
)

// side is whose code a is: lvm2's or rok's.
func (a actor) side() actor {
	if a == byProgram {
		return byRok
	}
	return a
}

func (a actor) other() actor {
	if a == byLVM2 {
		return byRok
	}
	return byLVM2
}

// operation is a command line of lvm2's, with %3 for a disk and %f7 for a file,
// and who is to do it.
type operation struct {
	by   actor
	kind string // for the histogram
	args []string
}

func (o *operation) String() string { return string(o.by) + " " + strings.Join(o.args, " ") }

// parseOperation is the other way round.
func parseOperation(line string) *operation {
	words := strings.Fields(line)
	return &operation{by: actor(words[0]), kind: words[1], args: words[1:]}
}

// always are the options that lvm2 needs so that it asks nothing, and does not
// want to activate what it cannot.
func (s *stand) always(command string) []string {
	switch command {
	case "lvcreate":
		if s.offline {
			return []string{"-an", "-Zn", "-Wn"}
		}
		return []string{"-y"}
	case "lvreduce":
		return []string{"-f", "-y"}
	case "lvremove", "lvextend", "lvchange", "pvresize":
		return []string{"-y"}
	}
	return nil
}

// outcome is what became of an operation.
type outcome struct {
	by      actor
	refused bool
	said    string
}

func (o outcome) String() string {
	word := "did it"
	if o.refused {
		word = "refused"
	}
	return fmt.Sprintf("%s %s: %s", o.by, word, strings.TrimSpace(o.said))
}

// do has a do the operation.
func (s *stand) do(a actor, args []string) outcome {
	if program := rokProgram(); a == byProgram && program != "" {
		return s.program(program, args)
	}
	if a.side() == byRok {
		err := parseRequest(args).run(s)
		o := outcome{by: a, said: "no error"}
		if err != nil {
			o.said = err.Error()
			// What is so already lvm2 calls done, or refuses; nobody does anything.
			o.refused = true
		}
		var partial *lvm.PartialError
		if errors.As(err, &partial) {
			o.said = "PARTIAL " + o.said
		}
		return o
	}
	line := append([]string{args[0]}, s.always(args[0])...)
	for _, arg := range args[1:] {
		line = append(line, s.expand(arg))
	}
	out, complaints, err := s.lvm2(line...)
	return outcome{by: a, refused: err != nil, said: out + complaints}
}
