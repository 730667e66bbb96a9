package dm

// Arg is a tunable of a target or of its policy and its value, as a table or a
// status has them: two words.
type Arg struct {
	Key   string
	Value string
}

// args reads a count of words and so many words, which are pairs.
func (p *params) args(what string) []Arg {
	n := p.uint("number of "+what, 16)
	if n%2 != 0 {
		p.fail("number of " + what + ": want an even number")
	}
	var args []Arg
	for ; n > 0 && p.err == nil; n -= 2 {
		args = append(args, Arg{Key: p.word(what), Value: p.word(what)})
	}
	return args
}

func argWords(args []Arg) []string {
	var words []string
	for _, a := range args {
		words = append(words, a.Key, a.Value)
	}
	return words
}
