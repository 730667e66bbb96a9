package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
)

type statusView struct {
	Store     string   `json:"store"`
	Host      string   `json:"host"`
	Member    bool     `json:"member"`
	Schema    int      `json:"schema"`
	Revision  int64    `json:"revision"`
	Published int64    `json:"published_revision"`
	Unapplied int      `json:"unapplied"` // variables that are set and not applied
	Master    *string  `json:"master"`
	Members   int      `json:"members"`
	Behind    []string `json:"behind"`      // members that do not work with what is published
	NoAgent   []string `json:"no_agent"`    // members whose agents do not run
	Upgrading []string `json:"to_upgrade"`  // members whose upgrade has not finished
	Slot      *string  `json:"upgrading"`   // the member whose node is being upgraded
	Skew      []string `json:"old_members"` // members whose code does not know the schema
}

func clusterStatus(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "status [flags]",
		Short:   "Show the cluster in short, and which members differ",
		Long:    "Show the cluster in short: its store, schema and master, and which members do not have what\nthe others have.",
		Example: "  rok-cluster-ctl status",
		Args:    cli.Args(0, 0),
	}
	format := cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return e.withState(c.Context(), func(cl *cluster.Cluster, s *cluster.State) error {
			view := viewStatus(s, cl)
			if format.JSON() {
				return cli.JSON(c.OutOrStdout(), view)
			}
			t := cli.Table{}
			t.Add("store", view.Store)
			t.Add("host", view.Host)
			t.Add("schema", fmt.Sprint(view.Schema))
			t.Add("master", text(view.Master))
			t.Add("members", fmt.Sprint(view.Members))
			t.Add("revision", fmt.Sprint(view.Revision))
			t.Add("applied revision", fmt.Sprint(view.Published))
			t.Add("variables to apply", fmt.Sprint(view.Unapplied))
			for _, row := range []struct {
				name  string
				hosts []string
			}{{"apply runs behind on", view.Behind}, {"no agent on", view.NoAgent}, {"to upgrade", view.Upgrading}, {"code too old", view.Skew}} {
				t.Add(row.name, strings.Join(row.hosts, ", "))
			}
			t.Add("being upgraded", text(view.Slot))
			_, err := t.WriteTo(c.OutOrStdout())
			return err
		})
	}
	return c
}

func viewStatus(s *cluster.State, cl *cluster.Cluster) statusView {
	view := statusView{
		Store: cl.Store.Address(), Host: cl.Host, Schema: s.Schema, Revision: s.Revision, Published: s.Published.Revision,
		Unapplied: len(s.Diff()), Master: known(s.Master.Host), Members: len(s.Members), Slot: known(s.Slot),
		Behind: append([]string{}, s.Behind()...), NoAgent: []string{}, Upgrading: []string{}, Skew: []string{},
	}
	_, view.Member = s.Members[cl.Host]
	for _, m := range cluster.Migrations() {
		if m.To == s.Schema {
			view.Upgrading = append(view.Upgrading, s.Waiting(m.Version)...)
		}
	}
	for _, h := range s.Hosts() {
		if _, alive := s.Alive[h]; !alive {
			view.NoAgent = append(view.NoAgent, h)
		}
		if m := s.Members[h]; m.Running != "" && m.MaxSchema < s.Schema {
			view.Skew = append(view.Skew, h)
		}
	}
	return view
}
