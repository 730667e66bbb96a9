package lvm

// heldTypes are the types of segments that lvm2 2.03 has besides those that rok
// acts on: lib/metadata/segtype.h.
var heldTypes = map[string]bool{
	"mirror": true,
	"raid0":  true, "raid0_meta": true, "raid1": true, "raid10": true, "raid10_near": true, "raid4": true,
	"raid5": true, "raid5_n": true, "raid5_la": true, "raid5_ra": true, "raid5_ls": true, "raid5_rs": true,
	"raid6": true, "raid6_zr": true, "raid6_nr": true, "raid6_nc": true, "raid6_ls_6": true,
	"raid6_rs_6": true, "raid6_la_6": true, "raid6_ra_6": true, "raid6_n_6": true,
	"cache": true, "cache-pool": true, "writecache": true, "integrity": true,
	"vdo": true, "vdo-pool": true,
}

func (t *Held) read(d *decoder, e *entries) {
	n := d.r.Node()
	t.Nodes = append(t.Nodes, n)
}

func (t *Held) print(p *printer) {
	for i := range t.Nodes {
		p.b = t.Nodes[i].Append(p.b, p.textDepth())
	}
}
