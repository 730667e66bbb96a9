package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
)

type nodeView struct {
	Target     string               `json:"target"`
	Already    bool                 `json:"already"`
	Steps      []cluster.StepResult `json:"steps"`
	Waiting    []string             `json:"to_upgrade"`
	NotCapable []string             `json:"not_master_capable"`
	Restored   []string             `json:"restored"`
}

// node is this host's part of an upgrade.
func (e *env) node(cl *cluster.Cluster, target cluster.Migration) *cluster.Node {
	steps := []cluster.Step{
		cluster.ConfStep(e.configPath()),
		cluster.RecordStep(e.stateDir(), e.inventory),
	}
	if e.steps != nil {
		steps = e.steps(steps)
	}
	return &cluster.Node{Cluster: cl, Dir: e.stateDir(), Target: target, Steps: steps}
}

func upgradeNode(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "upgrade-node [flags]",
		Short: "Upgrade this host",
		Long: "Upgrade this host, whose boot disk is the new one: its daemons.conf is carried over, with the old\n" +
			"one kept, and its stores and maps are noted. It is run when upgrade-cluster is done, on the\n" +
			"master first, and on one node at a time. One that was killed goes on where it was.",
		Example: "  rok-cluster-upgrade-v0.12.0 upgrade-node\n  rok-cluster-upgrade-v0.12.0 upgrade-node --dry-run",
		Args:    cli.Args(0, 0),
	}
	format := cli.OutputFlag(c)
	dryRun := dryRunFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return e.withUpgrade(c.Context(), func(cl *cluster.Cluster, target cluster.Migration) error {
			n := e.node(cl, target)
			var result cluster.NodeResult
			var err error
			if *dryRun {
				result, err = n.Plan(c.Context())
			} else {
				result, err = n.Upgrade(c.Context())
			}
			if err != nil {
				return err
			}
			if format.JSON() {
				return cli.JSON(c.OutOrStdout(), viewNode(result, target))
			}
			if err := printSteps(c.OutOrStdout(), result.Steps); err != nil {
				return err
			}
			printNode(c.OutOrStdout(), result, target, *dryRun)
			return nil
		})
	}
	return c
}

func viewNode(r cluster.NodeResult, target cluster.Migration) nodeView {
	return nodeView{"v" + target.Version, r.Already, append([]cluster.StepResult{}, r.Steps...), append([]string{}, r.Waiting...),
		append([]string{}, r.NotCapable...), append([]string{}, r.Restored...)}
}

func printSteps(w io.Writer, steps []cluster.StepResult) error {
	t := cli.Table{}
	for _, s := range steps {
		t.Add(s.State, s.Name, s.Help)
	}
	_, err := t.WriteTo(w)
	return err
}

func printNode(w io.Writer, r cluster.NodeResult, target cluster.Migration, dryRun bool) {
	switch {
	case r.Already:
		fmt.Fprintf(w, "this node is upgraded to v%s already\n", target.Version)
	case dryRun:
		fmt.Fprintf(w, "would upgrade this node to v%s\n", target.Version)
		return
	default:
		fmt.Fprintf(w, "this node is upgraded to v%s\n", target.Version)
	}
	if len(r.Waiting) > 0 {
		fmt.Fprintf(w, "still to upgrade: %s\n", strings.Join(r.Waiting, ", "))
		return
	}
	fmt.Fprintln(w, "all nodes are upgraded")
	if len(r.Restored) > 0 {
		fmt.Fprintf(w, "master-capable again: %s\n", strings.Join(r.Restored, ", "))
	}
	if len(r.NotCapable) > 0 {
		fmt.Fprintf(w, "not master-capable: %s; to restore them:\n%s\n", strings.Join(r.NotCapable, ", "), cluster.RestoreCommand(r.NotCapable))
	}
}
