package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rok-storage/rok/dm"
)

// tablesBar loads tables with rok and reads them with dmsetup, and the other
// way round.
func tablesBar(ctx context.Context) (b bar, err error) {
	b = bar{text: "a table that rok loads reads back from dmsetup the same, and what dmsetup made, rok parses"}
	r, err := openRok(true)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	s := &stand{conn: r.conn}
	defer func() { err = errors.Join(err, s.remove()) }()
	if err := s.grow(ctx, 2); err != nil {
		return b, err
	}
	for _, dir := range []struct {
		name string
		read func(context.Context, *dm.Conn, string) (string, error)
	}{{"rok to dmsetup", rokToDmsetup}, {"dmsetup to rok", dmsetupToRok}} {
		for _, t := range tables(s) {
			got, err := dir.read(ctx, r.conn, t)
			if err != nil {
				return b, fmt.Errorf("%s: %.200q: %w", dir.name, t, err)
			}
			b.check(got == t, "%s: %.200q came back as %.200q", dir.name, t, got)
		}
	}
	return b, nil
}

// tables are texts as the kernel prints them. What needs a module that some
// kernel may lack is left to the tests of package dm.
func tables(s *stand) []string {
	a, err := s.devices[0].Info()
	b, err2 := s.devices[1].Info()
	if err != nil || err2 != nil {
		return nil // then no case is looked at, and the bar does not hold
	}
	var many strings.Builder
	for i := range 1000 {
		if i > 0 {
			many.WriteByte('\n')
		}
		fmt.Fprintf(&many, "%d 8 linear %s %d", 8*i, a.Dev, 16*i)
	}
	return []string{
		"0 2048 zero ",
		"0 2048 error ",
		fmt.Sprintf("0 2048 linear %s 0", a.Dev),
		fmt.Sprintf("0 2048 linear %s 4096\n2048 1024 linear %s 128\n3072 8 zero ", a.Dev, b.Dev),
		fmt.Sprintf("0 2048 striped 2 128 %s 0 %s 1024", a.Dev, b.Dev),
		many.String(),
	}
}

const tableName = prefix + "table"

// rokToDmsetup makes a device with rok and returns the table that dmsetup reads.
func rokToDmsetup(ctx context.Context, conn *dm.Conn, text string) (_ string, err error) {
	t, err := dm.ParseTable(text)
	if err != nil {
		return "", err
	}
	d, err := conn.Create(ctx, dm.CreateRequest{Name: tableName, Table: t})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, d.Remove(context.WithoutCancel(ctx), dm.RemoveOptions{})) }()
	out, err := dmsetup{}.output("", "table", tableName)
	return strings.TrimSuffix(out, "\n"), err
}

// dmsetupToRok makes a device with dmsetup and returns the table that rok
// reads, which must not hold a target that rok does not know.
func dmsetupToRok(ctx context.Context, conn *dm.Conn, text string) (_ string, err error) {
	if _, err := (dmsetup{}).output(text, "create", tableName); err != nil {
		return "", err
	}
	d := conn.Device(dm.ByName(tableName))
	defer func() { err = errors.Join(err, d.Remove(context.WithoutCancel(ctx), dm.RemoveOptions{})) }()
	t, err := d.Table(dm.TableQuery{})
	if err != nil {
		return "", err
	}
	for i, s := range t {
		if raw, ok := s.Target.(dm.Raw); ok {
			return "", fmt.Errorf("segment %d: %s is not understood", i+1, raw.Type())
		}
	}
	b, err := t.AppendText(nil)
	return string(b), err
}
