package dm

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/rok-storage/rok/units"
)

// options reads the n words of a list of options. Each known option must come
// in the place that the kernel prints it in, or the value would print back
// differently. From the first unknown one on the words are returned as they
// are: an unknown option may take arguments.
func (p *params) options(n uint64, list []field) (other []string) {
	end, next := uint64(p.words)+n, 0
	for p.err == nil && uint64(p.words) < end {
		name := p.peek()
		i := slices.IndexFunc(list, func(f field) bool { return f.takes(name) })
		if i < 0 {
			return p.list(int(end)-p.words, "option")
		}
		p.word("option")
		if i < next {
			p.fail(name + ": given twice, or not in the kernel's order")
			return nil
		}
		f := list[i]
		next = i + 1
		switch f.at.(type) {
		case wordOption:
			continue
		case *[]uint64:
			next = i
		}
		f.read(p)
		if uint64(p.words) > end {
			p.fail(name + ": argument outside of the list of options")
		}
	}
	return nil
}

// maybeCount reads the next word if it is a number above zero: some targets
// print a list of options only where it is not empty.
func (p *params) maybeCount(what string) uint64 {
	if p.peek() == "0" || !p.isNumber() {
		return 0
	}
	return p.uint(what, 16)
}

// isNumber reports whether the next word is a number that uint would read.
func (p *params) isNumber() bool {
	n, err := strconv.ParseUint(p.peek(), 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == p.peek()
}

// options returns the words of a list of options: the known ones in the
// kernel's order, and other behind them.
func options(list []field, other []string) []string {
	var words []string
	for _, f := range list {
		words = f.option(words)
	}
	return append(words, other...)
}

// option appends the words that the field takes in a list of options.
func (f field) option(words []string) []string {
	switch at := f.at.(type) {
	case *bool:
		if *at {
			words = append(words, f.name)
		}
	case **uint64:
		if *at != nil {
			words = append(words, f.name, strconv.FormatUint(**at, 10))
		}
	case **int64:
		if *at != nil {
			words = append(words, f.name, strconv.FormatInt(**at, 10))
		}
	case **units.Sectors:
		if *at != nil {
			words = append(words, f.name, strconv.FormatUint(uint64(**at), 10))
		}
	case *[]uint64:
		for _, n := range *at {
			words = append(words, f.name, strconv.FormatUint(n, 10))
		}
	case *BlockDev:
		if !at.IsZero() {
			words = append(words, f.name, at.String())
		}
	case *string:
		if *at != "" {
			words = append(words, f.name, *at)
		}
	case group:
		if at.isSet() {
			words = append(words, f.name)
			for _, inner := range at.fields {
				words = append(words, inner.word())
			}
		}
	case wordOption:
		if word := at.give(f.name); word != "" {
			words = append(words, word)
		}
	default:
		panic(fmt.Sprintf("dm: option %s is a %T", f.name, f.at))
	}
	return words
}
