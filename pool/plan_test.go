package pool_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// In these tests an extent is 4 MiB: 64 chunks of data, or 1024 blocks of metadata.
const (
	extent = units.Sectors(8192)
	chunk  = units.Sectors(128)
)

// tank is a pool of 100 extents, half full, with one of metadata, in a VG with 100
// free ones.
func tank() *pool.State {
	return &pool.State{
		VG: "data", Pool: "tank", Active: true, ExtentSize: extent, ChunkSize: chunk,
		Data: 100, Metadata: 1, Spare: 1, DataRoom: 100, MetadataRoom: 50,
		Status: thin.Status{State: thin.Writable, Data: thin.Usage{Used: 3200, Total: 6400}, Metadata: thin.Usage{Used: 100, Total: 1024}},
	}
}

// policy extends data at 80 % by 10 extents, and metadata at 70 % by one.
func policy() *pool.Policy {
	return &pool.Policy{
		Data:     pool.Growth{High: 80, Step: conf.Amount{Size: 40 * units.MiB}},
		Metadata: pool.Growth{High: 70, Step: conf.Amount{Size: 1}},
	}
}

func names(p *pool.Plan) []pool.Name {
	var names []pool.Name
	for _, c := range p.Is {
		names = append(names, c.Name)
	}
	return names
}

func TestPlan(t *testing.T) {
	yes, no := true, false
	snapshots := []pool.Volume{
		{Name: "home", DeviceID: 1, Created: 1}, {Name: "daily-2", DeviceID: 3, Snapshot: true, Created: 20},
		{Name: "daily-1", DeviceID: 2, Snapshot: true, Created: 20}, {Name: "keep", DeviceID: 4, Snapshot: true, Created: 2, Tags: []string{"old"}},
	}
	tests := []struct {
		name string
		with func(*pool.State, *pool.Policy)
		want pool.Plan
		is   []pool.Name
	}{
		{"half full", func(*pool.State, *pool.Policy) {}, pool.Plan{}, nil},
		{"one below the mark", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used = 5119 }, pool.Plan{}, nil},
		{"at the mark", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used = 5120 },
			pool.Plan{Data: 10}, []pool.Name{pool.DataHigh}},
		{"far above: several steps", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used = 6400 },
			pool.Plan{Data: 30}, []pool.Name{pool.DataHigh}},
		{"a share as step", func(s *pool.State, p *pool.Policy) {
			s.Status.Data.Used, p.Data.Step = 6400, conf.Amount{Percent: 25}
		}, pool.Plan{Data: 50}, []pool.Name{pool.DataHigh}},
		{"no mark", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used, p.Data.High = 6399, 0 }, pool.Plan{}, nil},
		{"a mark of all", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used, p.Data.High = 6399, 100 }, pool.Plan{}, nil},
		{"all of it, and a mark of all", func(s *pool.State, p *pool.Policy) {
			s.Status.Data.Used, p.Data.High, s.Status.State = 6400, 100, thin.OutOfDataSpace
		}, pool.Plan{Data: 10}, []pool.Name{pool.OutOfData, pool.DataHigh}},
		{"up to the limit", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used, p.Data.Limit = 6000, 421*units.MiB },
			pool.Plan{Data: 5}, []pool.Name{pool.DataHigh, pool.DataAtLimit}},
		{"the limit is enough", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used, p.Data.Limit = 5120, 421*units.MiB },
			pool.Plan{Data: 5}, []pool.Name{pool.DataHigh}},
		{"stripes", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used, s.Stripes = 5120, 3 }, pool.Plan{Data: 12}, []pool.Name{pool.DataHigh}},
		{"stripes up to the limit", func(s *pool.State, p *pool.Policy) {
			s.Status.Data.Used, s.Stripes, p.Data.Limit = 6000, 3, 421*units.MiB
		}, pool.Plan{Data: 3}, []pool.Name{pool.DataHigh, pool.DataAtLimit}},
		{"stripes in the rest of the VG", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used, s.Stripes, s.DataRoom = 6400, 3, 5 },
			pool.Plan{Data: 3}, []pool.Name{pool.DataHigh, pool.DataNoRoom}},
		{"less than a stripe is nothing", func(s *pool.State, p *pool.Policy) {
			s.Status.Data.Used, s.Stripes, s.DataRoom, p.WhenFull = 6300, 3, 2, pool.FailWrites
		}, pool.Plan{FailWrites: &yes}, []pool.Name{pool.DataHigh, pool.DataNoRoom}},
		{"at the limit", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used, p.Data.Limit = 6000, 400*units.MiB },
			pool.Plan{}, []pool.Name{pool.DataHigh, pool.DataAtLimit}},
		{"the rest of the VG", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used, s.DataRoom = 6000, 7 },
			pool.Plan{Data: 7}, []pool.Name{pool.DataHigh, pool.DataNoRoom}},
		{"the VG is full", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used, s.DataRoom = 6000, 0 },
			pool.Plan{}, []pool.Name{pool.DataHigh, pool.DataNoRoom}},

		{"metadata at its mark", func(s *pool.State, p *pool.Policy) { s.Status.Metadata.Used = 717 },
			pool.Plan{Metadata: 1}, []pool.Name{pool.MetadataHigh}},
		{"metadata that could not map all", func(s *pool.State, p *pool.Policy) { s.Status.Metadata.Used, p.Metadata.High = 983, 100 },
			pool.Plan{Metadata: 1}, []pool.Name{pool.MetadataHigh}},
		{"metadata that just could", func(s *pool.State, p *pool.Policy) { s.Status.Metadata.Used, p.Metadata.High = 982, 100 },
			pool.Plan{}, nil},
		{"both: metadata first", func(s *pool.State, p *pool.Policy) {
			s.Status.Metadata.Used, s.Status.Data.Used, s.DataRoom = 717, 5120, 5
		}, pool.Plan{Metadata: 1, Data: 3}, []pool.Name{pool.MetadataHigh, pool.DataHigh}},
		{"metadata has no room: nothing new", func(s *pool.State, p *pool.Policy) { s.Status.Metadata.Used, s.MetadataRoom = 717, 0 },
			pool.Plan{Refuse: &yes}, []pool.Name{pool.MetadataHigh, pool.MetadataNoRoom}},
		{"metadata at its limit: nothing new", func(s *pool.State, p *pool.Policy) { s.Status.Metadata.Used, p.Metadata.Limit = 717, units.MiB },
			pool.Plan{Refuse: &yes}, []pool.Name{pool.MetadataHigh, pool.MetadataAtLimit}},
		{"metadata that never grows and could fill", func(s *pool.State, p *pool.Policy) { p.Metadata.High, s.Status.Metadata.Used = 0, 1000 },
			pool.Plan{Refuse: &yes}, []pool.Name{pool.MetadataHigh, pool.MetadataAtLimit}},

		{"reserve: the VG counts", func(s *pool.State, p *pool.Policy) { p.Reserve.Percent = 60 }, pool.Plan{}, nil},
		{"below the reserve", func(s *pool.State, p *pool.Policy) { p.Reserve.Percent, s.DataRoom = 60, 0 },
			pool.Plan{Refuse: &yes}, []pool.Name{pool.BelowReserve}},
		{"below a size", func(s *pool.State, p *pool.Policy) { p.Reserve.Size, s.DataRoom = 201*units.MiB, 0 },
			pool.Plan{Refuse: &yes}, []pool.Name{pool.BelowReserve}},
		{"not below a size", func(s *pool.State, p *pool.Policy) { p.Reserve.Size, s.DataRoom = 200*units.MiB, 0 }, pool.Plan{}, nil},
		{"the limit counts", func(s *pool.State, p *pool.Policy) { p.Reserve.Percent, p.Data.Limit = 60, 400*units.MiB },
			pool.Plan{Refuse: &yes}, []pool.Name{pool.BelowReserve}},
		{"refused already", func(s *pool.State, p *pool.Policy) { p.Reserve.Percent, s.DataRoom, s.Refusing = 60, 0, true },
			pool.Plan{}, []pool.Name{pool.BelowReserve}},
		{"hardly above it again", func(s *pool.State, p *pool.Policy) { p.Reserve.Percent, s.DataRoom, s.Refusing = 45, 0, true }, pool.Plan{}, nil},
		{"above it again", func(s *pool.State, p *pool.Policy) { p.Reserve.Percent, s.DataRoom, s.Refusing = 40, 0, true },
			pool.Plan{Refuse: &no}, nil},

		{"full, and left as it is", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used, s.DataRoom = 6400, 0 },
			pool.Plan{Refuse: &yes}, []pool.Name{pool.DataHigh, pool.DataNoRoom, pool.BelowReserve}},
		{"full: fails", func(s *pool.State, p *pool.Policy) {
			s.Status.Data.Used, s.DataRoom, p.WhenFull = 5200, 0, pool.FailWrites
		}, pool.Plan{FailWrites: &yes}, []pool.Name{pool.DataHigh, pool.DataNoRoom}},
		{"full: fails already", func(s *pool.State, p *pool.Policy) {
			s.Status.Data.Used, s.DataRoom, p.WhenFull, s.FailsWhenFull = 5200, 0, pool.FailWrites, true
		}, pool.Plan{}, []pool.Name{pool.DataHigh, pool.DataNoRoom}},
		{"full: queues", func(s *pool.State, p *pool.Policy) {
			s.Status.Data.Used, s.DataRoom, p.WhenFull, s.FailsWhenFull = 5200, 0, pool.QueueWrites, true
		}, pool.Plan{FailWrites: &no}, []pool.Name{pool.DataHigh, pool.DataNoRoom}},
		{"not full: stays", func(s *pool.State, p *pool.Policy) { s.DataRoom, p.WhenFull = 0, pool.FailWrites }, pool.Plan{}, nil},
		{"never grows, and is full", func(s *pool.State, p *pool.Policy) {
			s.Status.Data.Used, p.Data.High, p.WhenFull, s.Refusing = 6400, 0, pool.FailWrites, true
		}, pool.Plan{FailWrites: &yes}, []pool.Name{pool.BelowReserve}},
		{"the rest of the VG first", func(s *pool.State, p *pool.Policy) {
			s.Status.Data.Used, s.DataRoom, p.WhenFull = 6300, 1, pool.FailWrites
		}, pool.Plan{Data: 1}, []pool.Name{pool.DataHigh, pool.DataNoRoom}},
		{"drops nothing while there is a reserve", func(s *pool.State, p *pool.Policy) {
			s.Volumes, s.Status.Data.Used, s.DataRoom, p.WhenFull, p.Drop = snapshots, 6000, 0, pool.DropSnapshots, []string{"*"}
		}, pool.Plan{}, []pool.Name{pool.DataHigh, pool.DataNoRoom}},
		{"drops the oldest", func(s *pool.State, p *pool.Policy) {
			s.Volumes, s.Status.Data.Used, s.DataRoom, p.WhenFull, p.Drop = snapshots, 6400, 0, pool.DropSnapshots, []string{"home", "daily-*"}
		}, pool.Plan{Refuse: &yes, Drop: &snapshots[2]}, []pool.Name{pool.DataHigh, pool.DataNoRoom, pool.BelowReserve}},
		{"drops by a tag, below the reserve", func(s *pool.State, p *pool.Policy) {
			s.Volumes, s.Status.Data.Used, s.DataRoom, p.WhenFull, p.Drop = snapshots, 6000, 0, pool.DropSnapshots, []string{"@old"}
			p.Reserve.Percent = 10
		}, pool.Plan{Refuse: &yes, Drop: &snapshots[3]}, []pool.Name{pool.DataHigh, pool.DataNoRoom, pool.BelowReserve}},
		{"drops none that is in use", func(s *pool.State, p *pool.Policy) {
			s.Volumes, s.Status.Data.Used, s.DataRoom, p.WhenFull, p.Drop = slices.Clone(snapshots), 6400, 0, pool.DropSnapshots, []string{"daily-*"}
			s.Volumes[2].Busy = true
		}, pool.Plan{Refuse: &yes, Drop: &snapshots[1]}, []pool.Name{pool.DataHigh, pool.DataNoRoom, pool.BelowReserve}},
		{"never drops a volume", func(s *pool.State, p *pool.Policy) {
			s.Volumes, s.Status.Data.Used, s.DataRoom, p.WhenFull, p.Drop = snapshots, 6400, 0, pool.DropSnapshots, []string{"home"}
		}, pool.Plan{Refuse: &yes}, []pool.Name{pool.DataHigh, pool.DataNoRoom, pool.BelowReserve}},

		{"inactive", func(s *pool.State, p *pool.Policy) { s.Active, s.Status = false, thin.Status{} }, pool.Plan{}, []pool.Name{pool.Inactive}},
		{"out of data space", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used, s.Status.State = 6400, thin.OutOfDataSpace },
			pool.Plan{Data: 30}, []pool.Name{pool.OutOfData, pool.DataHigh}},
		{"out of metadata space", func(s *pool.State, p *pool.Policy) {
			s.Status.Metadata.Used, s.Status.State = 1024, thin.OutOfMetadataSpace
		},
			pool.Plan{Refuse: &yes}, []pool.Name{pool.OutOfMetadata}},
		{"read-only", func(s *pool.State, p *pool.Policy) { s.Status.Data.Used, s.Status.State = 6400, thin.ReadOnly },
			pool.Plan{Refuse: &yes}, []pool.Name{pool.ReadOnly}},
		{"needs a check", func(s *pool.State, p *pool.Policy) { s.Status.NeedsCheck, s.Status.State = true, thin.ReadOnly },
			pool.Plan{Refuse: &yes}, []pool.Name{pool.NeedsCheck}},
		{"failed", func(s *pool.State, p *pool.Policy) { s.Status = thin.Status{State: thin.Failed}; s.Refusing = true },
			pool.Plan{}, []pool.Name{pool.Failed}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, p := tank(), policy()
			test.with(s, p)
			got := pool.NewPlan(s, p)
			require.Equal(t, test.is, names(&got), got.Is)
			for _, name := range test.is {
				require.True(t, got.Has(name))
			}
			got.Is = nil
			require.Equal(t, test.want, got)
			empty := pool.Plan{}
			require.Equal(t, empty.Metadata == got.Metadata && got.Data == 0 && got.Refuse == nil && got.FailWrites == nil && got.Drop == nil, got.IsZero())
		})
	}
}

// A pool without a policy is watched, and left alone.
func TestPlanWithoutPolicy(t *testing.T) {
	s := tank()
	got := pool.NewPlan(s, nil)
	require.True(t, got.IsZero())
	require.Empty(t, got.Is)
	s.Status.Data.Used, s.Status.Metadata.Used, s.Refusing, s.DataRoom = 6400, 1000, true, 0
	got = pool.NewPlan(s, nil)
	require.True(t, got.IsZero())
	require.Equal(t, []pool.Name{pool.MetadataHigh, pool.DataHigh}, names(&got))
	s.Status.State = thin.Failed
	got = pool.NewPlan(s, nil)
	require.True(t, got.IsZero())
}

// Figures that cannot be lead to no panic.
func TestPlanOfNonsense(t *testing.T) {
	const most = 1<<63 - 1
	for _, s := range []*pool.State{
		{}, {Active: true, Status: thin.Status{State: thin.Writable}},
		{Active: true, Status: thin.Status{State: thin.Writable, Data: thin.Usage{Used: most, Total: 1}, Metadata: thin.Usage{Used: most, Total: 1}}},
		{
			Active: true, ExtentSize: most, ChunkSize: 1, Data: most, Metadata: most, DataRoom: most, MetadataRoom: most,
			Status: thin.Status{State: thin.Writable, Data: thin.Usage{Used: most, Total: most}, Metadata: thin.Usage{Used: most, Total: most}},
		},
		{
			Active: true, ExtentSize: 1, ChunkSize: most, DataRoom: most, Stripes: -1,
			Status: thin.Status{State: thin.OutOfDataSpace, Data: thin.Usage{Used: most}, Metadata: thin.Usage{Used: most}},
		},
	} {
		p := policy()
		p.Data.Limit, p.Reserve = 1<<62, conf.Amount{Percent: 50}
		plan := pool.NewPlan(s, p)
		require.LessOrEqual(t, plan.Data, s.DataRoom)
		require.LessOrEqual(t, plan.Metadata, s.MetadataRoom)
		pool.Advise(s, &plan)
	}
}

// What keeps the VG from giving extents is said.
func TestPlanNamesObstacle(t *testing.T) {
	s := tank()
	s.Status.Data.Used, s.DataRoom, s.Obstacle = 6000, 0, errors.New("PV is missing")
	got := pool.NewPlan(s, policy())
	require.Equal(t, pool.Condition{Name: pool.DataNoRoom, Message: "PV is missing"}, got.Is[1])
}

// A plan exceeds neither limits nor free extents. After it the marks hold, or the
// pool is at its limit, or the VG has nothing more that it may have; and done twice
// it is done once.
func TestPlanHolds(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	amount := func() conf.Amount {
		if random.IntN(2) == 0 {
			return conf.Amount{Percent: 1 + random.IntN(100)}
		}
		return conf.Amount{Size: units.Bytes(1 + random.Uint64N(1<<(1+random.UintN(36))))}
	}
	growth := func() pool.Growth {
		g := pool.Growth{High: random.IntN(101), Step: amount()}
		if random.IntN(2) == 0 {
			g.Limit = units.Bytes(random.Uint64N(1 << 40))
		}
		return g
	}
	for range 20_000 {
		s := tank()
		s.ExtentSize = 8 << random.UintN(16)
		s.ChunkSize = 128 * units.Sectors(1+random.UintN(1<<random.UintN(12)))
		free := lvm.Extents(random.Uint64N(1 << random.UintN(20)))
		s.Data, s.Metadata = lvm.Extents(1+random.Uint64N(1<<20)), lvm.Extents(1+random.Uint64N(1<<8))
		s.Spare = s.Metadata - min(s.Metadata, lvm.Extents(random.UintN(2)*random.UintN(20)))
		s.DataRoom, s.MetadataRoom = free, metadataRoom(s, free)
		s.Refusing, s.Stripes = random.IntN(2) == 0, random.IntN(5)
		follow(s)
		s.Status.Data.Used = random.Uint64N(s.Status.Data.Total + 1)
		s.Status.Metadata.Used = random.Uint64N(s.Status.Metadata.Total + 1)
		p := &pool.Policy{Data: growth(), Metadata: growth(), Reserve: amount()}

		plan := pool.NewPlan(s, p)
		require.Zero(t, plan.Data%max(lvm.Extents(s.Stripes), 1))
		cost := plan.Data + plan.Metadata
		if plan.Metadata > 0 {
			cost += s.Metadata + plan.Metadata - min(s.Spare, s.Metadata+plan.Metadata)
		}
		require.LessOrEqual(t, cost, free, "%+v %+v %+v", s, p, plan)
		for _, g := range []struct {
			by       pool.Growth
			add, had lvm.Extents
		}{{p.Data, plan.Data, s.Data}, {p.Metadata, plan.Metadata, s.Metadata}} {
			if g.by.High == 0 {
				require.Zero(t, g.add)
			}
			if g.by.Limit > 0 && g.add > 0 {
				size, err := (units.Sectors(g.had+g.add) * s.ExtentSize).Bytes()
				require.NoError(t, err)
				require.LessOrEqual(t, size, g.by.Limit)
			}
		}
		if plan.Refuse != nil {
			require.NotEqual(t, s.Refusing, *plan.Refuse)
			s.Refusing = *plan.Refuse
		}
		s.Data, s.Metadata = s.Data+plan.Data, s.Metadata+plan.Metadata
		if plan.Metadata > 0 {
			s.Spare = max(s.Spare, s.Metadata)
		}
		s.DataRoom, s.MetadataRoom = free-cost, metadataRoom(s, free-cost)
		follow(s)
		for _, m := range []struct {
			u                    thin.Usage
			high                 int
			add                  lvm.Extents
			mark, limit, noRoom_ pool.Name
		}{
			{s.Status.Data, p.Data.High, plan.Data, pool.DataHigh, pool.DataAtLimit, pool.DataNoRoom},
			{s.Status.Metadata, p.Metadata.High, plan.Metadata, pool.MetadataHigh, pool.MetadataAtLimit, pool.MetadataNoRoom},
		} {
			above := m.high > 0 && m.u.Used*100 >= uint64(m.high)*m.u.Total
			if above {
				require.True(t, plan.Has(m.mark))
				require.True(t, plan.Has(m.limit) != plan.Has(m.noRoom_), "%+v %+v %+v", s, p, plan)
			}
			require.False(t, m.add > 0 && !plan.Has(m.mark))
		}
		again := pool.NewPlan(s, p)
		if !plan.Has(pool.DataNoRoom) && !plan.Has(pool.MetadataNoRoom) && !plan.Has(pool.DataAtLimit) && !plan.Has(pool.MetadataAtLimit) {
			require.Zero(t, again.Data+again.Metadata, "%+v %+v %+v", s, p, plan)
		}
		require.Nil(t, again.Drop)
	}
}

// follow gives the kernel what the VG has.
func follow(s *pool.State) {
	s.Status.Data.Total = uint64(units.Sectors(s.Data) * s.ExtentSize / s.ChunkSize)
	s.Status.Metadata.Total = min(uint64(units.Sectors(s.Metadata)*s.ExtentSize/8), 255*16320)
}

// metadataRoom is the most that metadata could get of so many free extents.
func metadataRoom(s *pool.State, free lvm.Extents) lvm.Extents {
	n := lvm.Extents(0)
	for step := lvm.Extents(1 << 20); step > 0; step /= 2 {
		if m := n + step; m+s.Metadata+m-min(s.Spare, s.Metadata+m) <= free {
			n = m
		}
	}
	return n
}
