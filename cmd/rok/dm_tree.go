package main

import (
	"io"
	"strings"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
)

// drawTree draws each device that no other device-mapper device lies on, and
// below it what it lies on itself.
func drawTree(w io.Writer, conn *dm.Conn, e *env) error {
	name, err := namer(conn, e)
	if err != nil {
		return err
	}
	t := deviceTree{deps: map[dm.Dev][]dm.Dev{}, label: func(dev dm.Dev) string {
		return depView{dev.String(), name(dev)}.label()
	}}
	var all []dm.Dev
	under := map[dm.Dev]bool{}
	err = new(selection).each(conn, func(d *dm.Device, i dm.Info) error {
		deps, err := sortedDeps(d, i)
		all = append(all, i.Dev)
		t.deps[i.Dev] = deps
		for _, dev := range deps {
			under[dev] = true
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, dev := range all {
		if !under[dev] {
			t.draw(dev, "", "", 0)
		}
	}
	_, err = io.WriteString(w, t.b.String())
	return err
}

type deviceTree struct {
	deps  map[dm.Dev][]dm.Dev
	label func(dm.Dev) string
	b     strings.Builder
}

// deepest is as far as a tree is drawn: tables that were swapped between two
// requests can look like a loop.
const deepest = 64

// draw draws dev behind the given branch, and what is below it behind below.
func (t *deviceTree) draw(dev dm.Dev, branch, below string, depth int) {
	t.b.WriteString(branch + cli.Printable(t.label(dev)) + "\n")
	deps := t.deps[dev]
	if depth == deepest {
		return
	}
	for i, d := range deps {
		if i == len(deps)-1 {
			t.draw(d, below+"└─", below+"  ", depth+1)
		} else {
			t.draw(d, below+"├─", below+"│ ", depth+1)
		}
	}
}
