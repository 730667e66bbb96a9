package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
)

// memberView is a member in JSON. What is null is not known.
type memberView struct {
	Host      string  `json:"host"`
	Version   *string `json:"version"`
	Running   *string `json:"running"`
	MinSchema int     `json:"min_schema"`
	MaxSchema int     `json:"max_schema"`
	Master    bool    `json:"master"`
	Capable   bool    `json:"master_capable"`
	Lease     bool    `json:"lease"`
	Applied   *int64  `json:"applied_revision"`
}

type membersView struct {
	Schema    int          `json:"schema"`
	Revision  int64        `json:"revision"`
	Published int64        `json:"published_revision"`
	Master    *string      `json:"master"`
	Members   []memberView `json:"members"`
}

func viewMembers(s *cluster.State) membersView {
	view := membersView{Schema: s.Schema, Revision: s.Revision, Published: s.Published.Revision, Members: []memberView{}}
	if s.Master.Host != "" {
		view.Master = &s.Master.Host
	}
	for _, h := range s.Hosts() {
		m := s.Members[h]
		one := memberView{Host: h, MinSchema: m.MinSchema, MaxSchema: m.MaxSchema, Master: s.Master.Host == h, Capable: s.Capable(h)}
		one.Version, one.Running = known(m.Version), known(m.Running)
		_, one.Lease = s.Alive[h]
		if rev, ok := s.Applied[h]; ok {
			one.Applied = &rev
		}
		view.Members = append(view.Members, one)
	}
	return view
}

func known(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func memberList(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "member-list [flags]",
		Short: "List the members, and who is master",
		Long: "List the members. VERSION is that of the last upgrade that finished, RUNNING that of the code\n" +
			"that ran last; LEASE says whether the member's agent runs, and APPLIED is the revision of the\n" +
			"configuration that it works with.",
		Example: "  rok-cluster-ctl member-list\n  rok-cluster-ctl member-list -o json",
		Args:    cli.Args(0, 0),
	}
	format := cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return e.withState(c.Context(), func(cl *cluster.Cluster, s *cluster.State) error {
			if format.JSON() {
				return cli.JSON(c.OutOrStdout(), viewMembers(s))
			}
			if err := printMembers(c.OutOrStdout(), viewMembers(s)); err != nil {
				return err
			}
			noteAgents(c.ErrOrStderr(), s, cl.Host)
			return nil
		})
	}
	return c
}

func printMembers(w io.Writer, view membersView) error {
	t := cli.Table{Columns: []string{"HOST", "VERSION", "RUNNING", "SCHEMAS", "MASTER", "CAPABLE", "LEASE", ">APPLIED"}}
	for _, m := range view.Members {
		schemas, applied := "", ""
		if m.MaxSchema > 0 {
			schemas = fmt.Sprintf("%d-%d", m.MinSchema, m.MaxSchema)
		}
		if m.Applied != nil {
			applied = strconv.FormatInt(*m.Applied, 10)
		}
		t.Add(m.Host, text(m.Version), text(m.Running), schemas, yes(m.Master), yes(m.Capable), yes(m.Lease), applied)
	}
	_, err := t.WriteTo(w)
	return err
}

// noteAgents says which other members have no agent running.
func noteAgents(w io.Writer, s *cluster.State, host string) {
	var without []string
	for _, h := range s.Hosts() {
		if _, alive := s.Alive[h]; !alive && h != host {
			without = append(without, h)
		}
	}
	if len(without) > 0 {
		fmt.Fprintf(w, "no agent runs on %s\n", strings.Join(without, ", "))
	}
	if s.Master.Host == "" && len(s.Members) > 1 {
		fmt.Fprintln(w, "nobody is master; a command that needs one makes its host it, where it may be")
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
