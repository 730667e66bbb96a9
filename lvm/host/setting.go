package host

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rok-storage/rok/lvm/text"
)

// settingReader reads settings, and keeps the first fault.
type settingReader struct {
	conf *conf
	err  error
}

func (r *settingReader) fault(name string, err error) {
	if r.err == nil {
		r.err = &SettingError{Path: r.conf.values[name].path, Name: name, Err: err}
	}
}

// one is the setting's only value; ok is false where it is not set.
func (r *settingReader) one(name string) (v text.Value, ok bool) {
	set, ok := r.conf.values[name]
	if ok && len(set.values) != 1 {
		r.fault(name, fmt.Errorf("%d values instead of one", len(set.values)))
		return v, false
	}
	if !ok {
		return v, false
	}
	return set.values[0], true
}

// text reads a string. An empty one is as none, as for lvm2.
func (r *settingReader) text(name, unset string) string {
	v, ok := r.one(name)
	if ok && v.Kind != text.String {
		r.fault(name, errors.New("not a string"))
	}
	if !ok || v.Kind != text.String || v.Text == "" {
		return unset
	}
	return v.Text
}

// word reads one of some words, the first of which is the default.
func (r *settingReader) word(name string, words ...string) string {
	word := r.text(name, words[0])
	if !slices.Contains(words, word) {
		r.fault(name, fmt.Errorf("%q is none of %q", word, words))
	}
	return word
}

// number reads an integer from 0 to high.
func (r *settingReader) number(name string, unset, high int64) int {
	v, ok := r.one(name)
	switch {
	case !ok:
		return int(unset)
	case v.Kind != text.Int:
		r.fault(name, errors.New("not an integer"))
		return int(unset)
	case v.Int < 0 || v.Int > high:
		r.fault(name, fmt.Errorf("%d is not in 0 to %d", v.Int, high))
		return int(unset)
	}
	return int(v.Int)
}

// flag reads what lvm2 takes as a truth value: an integer, or a word.
func (r *settingReader) flag(name string, unset bool) bool {
	v, ok := r.one(name)
	switch {
	case !ok:
		return unset
	case v.Kind == text.Int:
		return v.Int != 0
	case v.Kind == text.String && slices.Contains([]string{"y", "yes", "on", "true"}, v.Text):
		return true
	case v.Kind == text.String && slices.Contains([]string{"n", "no", "off", "false"}, v.Text):
		return false
	}
	r.fault(name, errors.New("neither 0 nor 1"))
	return unset
}

// list reads strings; nil where the setting is not there.
func (r *settingReader) list(name string) []string {
	set, ok := r.conf.values[name]
	if !ok {
		return nil
	}
	list := make([]string, 0, len(set.values))
	for _, v := range set.values {
		if v.Kind != text.String {
			r.fault(name, errors.New("not a list of strings"))
			return nil
		}
		list = append(list, v.Text)
	}
	return list
}

func (r *settingReader) filter(name string) *Filter {
	if _, ok := r.conf.values[name]; !ok {
		return nil
	}
	f, err := ParseFilter(r.list(name))
	if err != nil {
		r.fault(name, err)
		return nil
	}
	return f
}
