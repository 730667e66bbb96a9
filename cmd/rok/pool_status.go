package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// poolView is a pool of "rok pool status -o json". What only the kernel knows is
// null where the pool is not active.
type poolView struct {
	VG           string              `json:"vg"`
	Pool         string              `json:"pool"`
	State        string              `json:"state"`
	Why          string              `json:"why"`
	Next         *string             `json:"next"`
	Active       bool                `json:"active"`
	NeedsCheck   *bool               `json:"needs_check"`
	Transaction  *uint64             `json:"transaction_id"`
	FailsNow     *bool               `json:"error_if_no_space"`
	FailsFull    bool                `json:"fails_when_full"`
	RefusesNew   bool                `json:"refuses_new"`
	Policy       bool                `json:"policy"`
	Volumes      int                 `json:"volumes"`
	Snapshots    int                 `json:"snapshots"`
	Size         units.Bytes         `json:"data_size_bytes"`
	Used         *units.Bytes        `json:"data_used_bytes"`
	Percent      *float64            `json:"data_percent"`
	Room         units.Bytes         `json:"data_room_bytes"`
	MetaSize     units.Bytes         `json:"metadata_size_bytes"`
	MetaUsed     *units.Bytes        `json:"metadata_used_bytes"`
	MetaPercent  *float64            `json:"metadata_percent"`
	MetaRoom     units.Bytes         `json:"metadata_room_bytes"`
	Trim         *units.Bytes        `json:"trim_bytes"`
	Conditions   []poolConditionView `json:"conditions"`
	shownWarning bool
}

type poolConditionView struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

func poolStatus(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "status [VG|VG/POOL...]",
		Short: "Show the state of thin pools, why, and what to do",
		Long: `Show thin pools: all, those of groups, or those that are named. ROOM is what the group
could still add to the data, and TRIM what fstrim of the volumes that are mounted would give back
at most. Below the table is, for each pool that needs something, why,
and the command that helps.`,
		Example: "  rok pool status\n  rok pool status data/tank -o json",
	}
	s, format, config := storageFlags(c, e), cli.OutputFlag(c), configFlag(c, e)
	c.ValidArgsFunction = completePools(s)
	c.RunE = s.looking(s.withPools(func(c *cobra.Command, h pool.Host, args []string) error {
		policies, err := config.policies()
		if err != nil {
			return err
		}
		views, err := viewPools(c, h, args, policies, e.mounts())
		return errors.Join(err, printPools(c, format, views))
	}))
	return c
}

// viewPools are the pools that args name, or all.
func viewPools(c *cobra.Command, h pool.Host, args []string, policies map[string]*pool.Policy, mounted []pool.FileSystem) ([]poolView, error) {
	wants, err := parseSelection(args)
	if err != nil {
		return nil, err
	}
	scan, err := h.System.Scan(c.Context(), lvm.ScanOptions{VG: wants.onlyVG()})
	if err != nil {
		return nil, err
	}
	chosen, err := wants.choose(scan)
	views := []poolView{}
	for _, g := range chosen {
		names := g.names
		if names == nil {
			names = pool.Pools(g.group.VG)
		}
		for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
			state, lookErr := h.LookIn(g.group.VG, name)
			if lookErr != nil {
				err = errors.Join(err, lookErr)
				continue
			}
			v := viewPool(state, policies[state.VG+"/"+state.Pool])
			trims, trimErr := h.Trims(g.group.VG, state, mounted)
			err = errors.Join(err, trimErr)
			for _, t := range trims {
				if v.Trim == nil {
					v.Trim = new(units.Bytes)
				}
				*v.Trim += t.Most()
			}
			views = append(views, v)
		}
	}
	return views, err
}

func viewPool(s *pool.State, policy *pool.Policy) poolView {
	plan := pool.NewPlan(s, policy)
	advice := pool.Advise(s, &plan)
	bytes := func(n units.Sectors) units.Bytes { return units.Bytes(n) * units.SectorSize }
	v := poolView{
		VG: s.VG, Pool: s.Pool, State: advice.State, Why: advice.Why, Active: s.Active, FailsFull: s.FailsWhenFull, RefusesNew: s.Refusing,
		Policy: policy != nil, Volumes: len(s.Volumes), Conditions: []poolConditionView{},
		Size: bytes(units.Sectors(s.Data) * s.ExtentSize), Room: bytes(units.Sectors(s.DataRoom) * s.ExtentSize),
		MetaSize: bytes(units.Sectors(s.Metadata) * s.ExtentSize), MetaRoom: bytes(units.Sectors(s.MetadataRoom) * s.ExtentSize),
	}
	for _, volume := range s.Volumes {
		if volume.Snapshot {
			v.Snapshots++
		}
	}
	for _, is := range plan.Is {
		v.Conditions = append(v.Conditions, poolConditionView{string(is.Name), is.Message})
	}
	v.shownWarning = advice.Next != "" || s.Refusing
	if advice.Next != "" {
		v.Next = &advice.Next
	}
	if st := s.Status; s.Active {
		v.NeedsCheck = &st.NeedsCheck
		if st.State != thin.Failed {
			v.Transaction, v.FailsNow = &st.TransactionID, &st.Kernel.ErrorIfNoSpace
			v.Used, v.Percent = used(st.Data, s.ChunkSize)
			v.MetaUsed, v.MetaPercent = used(st.Metadata, pool.MetadataBlock)
		}
	}
	return v
}

// used is how much of something is used, in bytes and in percent to hundredths.
func used(u thin.Usage, block units.Sectors) (*units.Bytes, *float64) {
	b := units.Bytes(u.Used) * units.Bytes(block) * units.SectorSize
	if u.Total == 0 {
		return &b, nil
	}
	p := 100 * float64(u.Used) / float64(u.Total)
	if u.Used > 0 && u.Used < u.Total { // what is not quite all or nothing is not shown as that
		p = min(max(math.Round(100*p)/100, 0.01), 99.99)
	}
	return &b, &p
}

func printPools(c *cobra.Command, format *cli.Format, views []poolView) error {
	if format.JSON() {
		return cli.JSON(c.OutOrStdout(), map[string]any{"pools": views})
	}
	t := &cli.Table{Columns: []string{"POOL", "STATE", ">SIZE", ">DATA%", ">META%", ">ROOM", ">TRIM", ">VOLUMES", "POLICY"}}
	for _, v := range views {
		trim, policy := "", "no"
		if v.Trim != nil {
			trim = v.Trim.Human()
		}
		if v.Policy {
			policy = "yes"
		}
		t.Add(v.VG+"/"+v.Pool, v.State, v.Size.Human(), percent(v.Percent), percent(v.MetaPercent), v.Room.Human(), trim, strconv.Itoa(v.Volumes), policy)
	}
	if err := writeTable(c.OutOrStdout(), t); err != nil {
		return err
	}
	for _, v := range views {
		if !v.shownWarning {
			continue
		}
		line := fmt.Sprintf("%s/%s: %s", v.VG, v.Pool, v.Why)
		if v.Next != nil {
			line += "; next: " + *v.Next
		}
		if _, err := fmt.Fprintln(c.OutOrStdout(), line); err != nil {
			return err
		}
	}
	return nil
}
