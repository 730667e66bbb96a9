package interop_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
)

// differ is nil where a and b are the same, and else shows the first lines that
// are not.
func differ(what, nameA, a, nameB, b string) error {
	if a == b {
		return nil
	}
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := 0; ; i++ {
		at := func(l []string) string {
			if i < len(l) {
				return l[i]
			}
			return "(end)"
		}
		if i < len(as) && i < len(bs) && as[i] == bs[i] {
			continue
		}
		return fmt.Errorf("%s, line %d:\n%s: %s\n%s: %s\n--- all of %s:\n%s\n--- all of %s:\n%s", what, i+1, nameA, at(as), nameB, at(bs), nameA, a, nameB, b)
	}
}

// check compares what lvm2 and rok see on the stand, and has both look for faults.
func (s *stand) check(st *state, disks []int) error {
	theirs, err := s.lvm2Reports()
	if err != nil {
		return err
	}
	ours, err := s.rokReports(st)
	if err != nil {
		return err
	}
	if err := differ("reports", "lvm2", theirs.text(), "rok", ours.text()); err != nil {
		return err
	}
	for _, f := range st.scan.AllFaults() {
		return fmt.Errorf("rok finds a fault: %w", f)
	}
	commands := [][]string{}
	if len(st.scan.VGs) > 0 {
		commands = append(commands, []string{"vgck"})
	}
	for _, i := range disks {
		if _, err := st.scan.PV(s.disks[i].Path()); err == nil {
			commands = append(commands, []string{"pvck", "--dump", "headers", s.disks[i].Path()})
		}
	}
	for _, g := range st.scan.VGs {
		if err := g.VG.Validate(); err != nil {
			return fmt.Errorf("rok validates: %w", err)
		}
	}
	return s.allContent(commands)
}

// allContent runs commands at the same time, that may not complain of anything.
func (s *stand) allContent(commands [][]string) error {
	type running struct {
		cmd            *exec.Cmd
		stdout, stderr *bytes.Buffer
		err            error
	}
	all := make([]*running, len(commands))
	s.ns.do(func() {
		for i, c := range commands {
			r := &running{}
			r.cmd, r.stdout, r.stderr = s.command(c...)
			r.err = r.cmd.Start()
			all[i] = r
		}
		for _, r := range all {
			if r.err == nil {
				r.err = r.cmd.Wait()
			}
		}
	})
	for i, r := range all {
		out := r.stdout.String()
		if complaints := said(r.stderr); r.err != nil || complaints != "" || strings.Contains(out, "CHECK:") || strings.Contains(out, "WARNING") {
			return fmt.Errorf("lvm %q: %w: %s%s", commands[i], r.err, complaints, out)
		}
	}
	return nil
}

// rewritten has lvm2 write each VG anew on this stand, which is a copy, and
// compares the texts: it may change what it says about the writing, and its
// device paths, no more.
func (s *stand) rewritten(before *state, from *stand) error {
	for name := range before.texts {
		for _, c := range [][]string{
			{"vgck", "--updatemetadata", name},
			{"vgchange", "--addtag", "roktest_rewrite", name},
			{"vgchange", "--deltag", "roktest_rewrite", name},
			{"vgcfgbackup", "-f", s.path("files/rewritten"), name},
		} {
			if _, complaints, err := s.lvm2(c...); err != nil || complaints != "" {
				return fmt.Errorf("lvm %q: %w: %s", c, err, complaints)
			}
			if c[1] == "--addtag" || c[0] == "vgcfgbackup" {
				continue
			}
			after := s.state()
			a := from.abridge(withoutWriting(before.texts[name]), false)
			b := s.abridge(withoutWriting(after.texts[name]), false)
			if err := differ(fmt.Sprintf("text of %s written anew by lvm %q", name, c), "before", a, "after", b); err != nil {
				return err
			}
		}
	}
	return nil
}
