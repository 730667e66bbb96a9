package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
)

// eventView is a line of "rok dm events -o json".
type eventView struct {
	Time    time.Time `json:"time"`
	Kind    string    `json:"kind"`
	Name    string    `json:"name"`
	Number  string    `json:"number"`
	UUID    string    `json:"uuid"`
	EventNr uint32    `json:"event_nr"`
	OldName *string   `json:"old_name"` // of a device that was renamed
}

func dmEvents(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "events [DEV...]",
		Short: "Follow what happens to devices",
		Long: `Follow what happens to devices, until Ctrl-C, --count or --timeout ends it: one
line for each that is created, changed, renamed or removed. A device "changed"
when one of its targets had news; a new table is none. DEV need not exist yet.
What happens to one device in quick succession may be one event.

With -o json each event is a document in a line of its own.`,
		Example: "  rok dm events --timeout 1s\n  rok dm events --timeout 1s -o json pool",
	}
	count := c.Flags().Int("count", 0, "end after this many events")
	timeout := c.Flags().Duration("timeout", 0, "end after this time; with --count that is a failure")
	format := cli.OutputFlag(c)
	quiet := cli.QuietFlag(c)
	c.RunE = withDeviceMapper(e, func(c *cobra.Command, conn *dm.Conn, args []string) error {
		if *count < 0 || *timeout < 0 {
			return cli.Usagef("--count and --timeout cannot be negative")
		}
		ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		wanted := ctx
		if *timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, *timeout)
			defer cancel()
		}
		watcher, err := conn.Watch()
		if err != nil {
			return err
		}
		defer watcher.Close()
		if !*quiet {
			fmt.Fprintf(c.ErrOrStderr(), "rok: watching %s; Ctrl-C ends it\n", watched(args, len(watcher.Devices())))
		}
		seen, err := follow(ctx, c, watcher, eventFilter(args), *count, format)
		switch {
		case !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded):
			return err
		case wanted.Err() == nil && *count > 0:
			return fmt.Errorf("follow events: %d of %d came within %v", seen, *count, *timeout)
		}
		return nil // the end that was asked for
	})
	return c
}

func watched(args []string, devices int) string {
	switch {
	case len(args) > 0:
		return fmt.Sprintf("%q", args)
	case devices == 1:
		return "1 device"
	}
	return strconv.Itoa(devices) + " devices"
}

// follow prints events until there were count of them, or ctx ends.
func follow(ctx context.Context, c *cobra.Command, w *dm.Watcher, wanted func(dm.Event) bool, count int, format *cli.Format) (seen int, err error) {
	for {
		events, err := w.Next(ctx)
		if err != nil {
			return seen, err
		}
		now := time.Now()
		for _, event := range events {
			if !wanted(event) {
				continue
			}
			if err := printEvent(c, viewEvent(event, now), format); err != nil {
				return seen, err
			}
			if seen++; seen == count {
				return seen, nil
			}
		}
	}
}

func viewEvent(event dm.Event, at time.Time) eventView {
	v := eventView{
		Time: at.UTC(), Kind: event.Kind.String(), Name: event.Name, Number: event.Dev.String(),
		UUID: event.UUID, EventNr: event.EventNr,
	}
	if event.Kind == dm.Renamed {
		v.OldName = &event.OldName
	}
	return v
}

func printEvent(c *cobra.Command, v eventView, format *cli.Format) error {
	if format.JSON() {
		if err := cli.JSONLine(c.OutOrStdout(), v); err != nil {
			return err
		}
		return cli.Flush(c)
	}
	line := fmt.Sprintf("%s  %-7s  %s (%s)  event %d", v.Time.Format("2006-01-02T15:04:05.000Z"), v.Kind, cli.Printable(v.Name), v.Number, v.EventNr)
	if v.OldName != nil {
		line += "  was " + cli.Printable(*v.OldName)
	}
	if _, err := fmt.Fprintln(c.OutOrStdout(), line); err != nil {
		return err
	}
	return cli.Flush(c)
}

// eventFilter returns whether an event is about one of the devices that args
// name; without args each is.
func eventFilter(args []string) func(dm.Event) bool {
	if len(args) == 0 {
		return func(dm.Event) bool { return true }
	}
	wanted := map[string]bool{}
	for _, arg := range args {
		wanted[arg] = true
	}
	return func(event dm.Event) bool {
		return wanted[event.Name] || wanted[event.OldName] || wanted[event.Dev.String()] ||
			wanted["/dev/mapper/"+dm.NodeName(event.Name)] || wanted[fmt.Sprintf("/dev/dm-%d", event.Dev.Minor)]
	}
}
