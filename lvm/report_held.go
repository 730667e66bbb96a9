package lvm

import (
	"strings"

	"github.com/rok-storage/rok/lvm/text"
)

// replicates reports whether t has several images of the same data, or data in
// stripes of its own: mirrors and raids.
func (t *Held) replicates() bool { return t.Type == "mirror" || strings.HasPrefix(t.Type, "raid") }

// raids are the names in t's list "raids", of metadata and images in turn, or of
// images alone, as a raid0 has them: lib/raid/raid.c.
func (t *Held) raids() (metas, images []string) {
	strs := func(key string) (names []string) {
		if n := text.Find(t.Nodes, key); n != nil {
			values, _ := n.Values() // Parse has seen to it that they can be read
			for _, v := range values {
				names = append(names, v.Text)
			}
		}
		return names
	}
	for i, name := range strs("raids") {
		if i%2 == 0 {
			metas = append(metas, name)
		} else {
			images = append(images, name)
		}
	}
	return metas, append(images, strs("raid0_lvs")...)
}

func (t *Held) metas() []string {
	metas, _ := t.raids()
	return metas
}

// images are the areas of a raid, which its text names without extents.
func (t *Held) images() []Area {
	var areas []Area
	_, images := t.raids()
	for _, name := range images {
		areas = append(areas, Area{LV: name})
	}
	return areas
}
