package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
)

// tagChange is what the flags --add and --del say.
type tagChange struct{ add, remove []string }

func tagFlags(c *cobra.Command) *tagChange {
	t := new(tagChange)
	listVar(c.Flags(), &t.add, "add", "", "add this `TAG`; may be repeated")
	listVar(c.Flags(), &t.remove, "del", "", "take this `TAG` away; may be repeated")
	lvm2Spellings(c, map[string]string{"addtag": "add", "deltag": "del"})
	return t
}

func (t *tagChange) check() error {
	if len(t.add)+len(t.remove) == 0 {
		return cli.Usagef("nothing to change: want --add TAG or --del TAG")
	}
	return checkTags(append(t.add[:len(t.add):len(t.add)], t.remove...))
}

func checkTags(tags []string) error {
	for _, tag := range tags {
		if err := lvm.CheckTag(strings.TrimPrefix(tag, "@")); err != nil {
			return cli.Usagef("%v", err)
		}
	}
	return nil
}

// newTags gives c the flag --tag.
func newTags(c *cobra.Command) *[]string {
	tags := new([]string)
	listVar(c.Flags(), tags, "tag", "", "give it this `TAG`; may be repeated")
	return tags
}

// hasTag reports whether one of the lists has a tag, which may begin with "@".
func hasTag(tag string, lists ...[]string) bool {
	tag = strings.TrimPrefix(tag, "@")
	for _, list := range lists {
		for _, t := range list {
			if t == tag {
				return true
			}
		}
	}
	return false
}
