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

// words is a count of words and so many words, as a [value] of a line.
type words[S ~string] struct{ at *[]S }

func (v words[S]) read(p *params, name string) {
	for _, w := range p.list(int(p.uint("number of "+name, 16)), name) {
		*v.at = append(*v.at, S(w))
	}
}

func (v words[S]) list() []string {
	var list []string
	for _, w := range *v.at {
		list = append(list, string(w))
	}
	return list
}

func (v words[S]) word() string { return string(appendLine(nil).counted(v.list()).b) }

func (v words[S]) check() error { return checkWords(v.list()...) }

// arguments is a count of words and so many words, which are pairs, as a
// [value] of a line.
type arguments struct{ at *[]Arg }

func (v arguments) read(p *params, name string) { *v.at = append(*v.at, p.args(name)...) }
func (v arguments) word() string                { return string(appendLine(nil).counted(argWords(*v.at)).b) }
func (v arguments) check() error                { return checkWords(argWords(*v.at)...) }
