package interop_test

import (
	"context"
	"fmt"
	"os"
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

// check compares what lvm2 and rok see on the stand, and has both look for faults;
// lvm2 in one process, as starting it takes most of its time.
func (s *stand) check(st *state, disks []int) error {
	commands := [][]string{{"fullreport", "-a", "--reportformat", "json", "--units", "b", "--nosuffix"}}
	if len(st.scan.VGs) > 0 {
		commands = append(commands, []string{"vgck"})
	}
	for _, i := range disks {
		if _, err := st.scan.PV(s.disks[i].Path()); err == nil {
			commands = append(commands, []string{"pvck", "--dump", "headers", s.disks[i].Path()})
		}
	}
	out, complaints, err := s.script(commands...)
	if err != nil || complaints != "" || strings.Contains(out, "CHECK:") || strings.Contains(out, "WARNING") {
		return fmt.Errorf("lvm %q: %w: %s%s", commands, err, complaints, out)
	}
	theirs, err := parseReports(out)
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
	for _, g := range st.scan.VGs {
		if err := g.VG.Validate(); err != nil {
			return fmt.Errorf("rok validates: %w", err)
		}
	}
	return nil
}

// rewritten has lvm2 write each VG anew on this stand, which is a copy, and
// compares the texts: it may change what it says about the writing, and its
// device paths, no more. Its backup has to be rok's.
func (s *stand) rewritten(before *state, from *stand) error {
	for _, g := range before.scan.VGs {
		name := g.VG.Name
		tag := []string{"vgchange", name}
		if lvs := g.VG.LVs; len(lvs) > 0 {
			tag = []string{"lvchange", name + "/" + lvs[int(g.VG.Seqno)%len(lvs)].Name}
		}
		for _, c := range [][]string{
			{"vgck", "--updatemetadata", name},
			{tag[0], "--addtag", "roktest_rewrite", tag[1]},
			{tag[0], "--deltag", "roktest_rewrite", tag[1]},
			{"vgcfgbackup", "-f", s.path("rewritten"), name},
		} {
			if _, complaints, err := s.lvm2(c...); err != nil || complaints != "" {
				return fmt.Errorf("lvm %q: %w: %s", c, err, complaints)
			}
			if c[1] == "--addtag" || c[0] == "vgcfgbackup" {
				continue
			}
			a := from.abridge(withoutWriting(before.texts[name]), false)
			b := s.abridge(withoutWriting(s.state().texts[name]), false)
			if err := differ(fmt.Sprintf("text of %s written anew by lvm %q", name, c), "before", a, "after", b); err != nil {
				return err
			}
		}
		theirs, err := os.ReadFile(s.path("rewritten"))
		if err != nil {
			return err
		}
		ours, _, err := from.system.Backup(context.Background(), name)
		if err != nil {
			return err
		}
		a := from.abridge(changing.ReplaceAllString(string(ours), ""), false)
		b := s.abridge(changing.ReplaceAllString(string(theirs), ""), false)
		if err := differ("backup of "+name, "rok", a, "lvm2", b); err != nil {
			return err
		}
	}
	return nil
}
