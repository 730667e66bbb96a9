package interop_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rok-storage/rok/lvm"
)

// What is asked of lvm2 and rok alike. Not of these: dev_size, which rok has from
// the text.
const (
	vgFields  = "vg_name,vg_uuid,vg_fmt,vg_attr,vg_permissions,vg_extendable,vg_exported,vg_autoactivation,vg_partial,vg_allocation_policy,vg_size,vg_free,vg_extent_size,vg_extent_count,vg_free_count,max_lv,max_pv,pv_count,vg_missing_pv_count,lv_count,snap_count,vg_seqno,vg_tags,vg_systemid,vg_lock_type,vg_lock_args,vg_profile"
	pvFields  = "pv_name,vg_name,pv_uuid,pv_fmt,pv_attr,pv_allocatable,pv_exported,pv_missing,pv_in_use,pv_size,pv_free,pv_used,pe_start,pv_pe_count,pv_pe_alloc_count,pv_ba_start,pv_ba_size,pv_tags"
	lvFields  = "lv_name,vg_name,lv_uuid,lv_full_name,lv_path,lv_dm_path,lv_attr,lv_size,lv_metadata_size,seg_count,lv_permissions,lv_allocation_policy,lv_skip_activation,lv_autoactivation,lv_when_full,lv_read_ahead,lv_active,lv_kernel_major,lv_kernel_minor,data_percent,snap_percent,origin,pool_lv,data_lv,metadata_lv,lv_tags,lv_profile,lv_host"
	segFields = "lv_name,vg_name,lv_attr,segtype,seg_start,seg_start_pe,seg_size,seg_size_pe,stripes,stripe_size,chunk_size,seg_pe_ranges,devices,transaction_id,thin_id,thin_count,discards,zero,seg_tags"
)

// lines are those of a report, each with its fields in one text, sorted.
type lines []string

// reports are those of lvm2, or of rok, by what they are about: "vg", "pv", "lv",
// "seg".
type reports map[string]lines

// asked are the fields that are asked for of each.
var asked = map[string]map[string]bool{
	"vg": set(vgFields), "pv": set(pvFields), "lv": set(lvFields), "seg": set(segFields),
}

func set(names string) map[string]bool {
	m := map[string]bool{}
	for name := range strings.SplitSeq(names, ",") {
		m[name] = true
	}
	return m
}

// line joins fields in the order of their names.
func line(fields map[string]string) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		words = append(words, name+"="+fields[name])
	}
	return strings.Join(words, " ")
}

// parseReports reads what lvm2's fullreport printed: what vgs, pvs, lvs -a and lvs
// -a --segments say, and behind it the output of other commands.
func parseReports(text string) (reports, error) {
	var doc struct {
		Report []map[string][]map[string]string `json:"report"`
	}
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&doc); err != nil {
		return nil, fmt.Errorf("fullreport: %w: %s", err, text)
	}
	r := reports{}
	for _, vg := range doc.Report {
		for about, list := range vg {
			for _, fields := range list {
				if asked[about] == nil || about == "pv" && fields["vg_name"] == "" {
					continue
				}
				for key, value := range fields {
					fields[key] = strings.NewReplacer("[", "", "]", "").Replace(value) // around parts of volumes
				}
				r[about] = append(r[about], line(fields))
			}
		}
	}
	return r.sorted(), nil
}

// rokReports are what rok says of the same.
func (s *stand) rokReports(st *state) (reports, error) {
	r := reports{}
	for _, g := range st.scan.VGs {
		r.add("vg", g.VG.Report())
		for _, l := range g.VG.ReportPVs() {
			r.add("pv", l)
		}
		known, err := s.states(g.VG)
		if err != nil {
			return nil, err
		}
		for _, l := range g.VG.ReportLVs(true, known) {
			r.add("lv", l)
		}
		for _, l := range g.VG.ReportSegments(true, known) {
			r.add("seg", l)
		}
	}
	return r.sorted(), nil
}

func (s *stand) states(vg *lvm.VG) (func(*lvm.LV) lvm.DeviceState, error) {
	if s.offline {
		return nil, nil
	}
	return s.system.States(vg)
}

// add adds a line, flat as lvm2's are: all values are texts.
func (r reports) add(about string, report any) {
	text, err := json.Marshal(report)
	if err != nil {
		panic(err) // a report is a plain struct
	}
	var values map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&values); err != nil {
		panic(err)
	}
	fields := map[string]string{}
	for key, v := range values {
		if !asked[about][key] {
			continue
		}
		switch v := v.(type) {
		case nil:
			fields[key] = ""
		case []any:
			separator := ","
			if key == "seg_pe_ranges" {
				separator = " "
			}
			var words []string
			for _, w := range v {
				words = append(words, w.(string))
			}
			fields[key] = strings.Join(words, separator)
		case json.Number:
			fields[key] = v.String()
			if f, err := v.Float64(); err == nil && strings.HasSuffix(key, "_percent") {
				fields[key] = strconv.FormatFloat(f, 'f', 2, 64)
			}
		default:
			fields[key] = fmt.Sprint(v)
		}
	}
	r[about] = append(r[about], line(fields))
}

func (r reports) sorted() reports {
	for _, l := range r {
		slices.Sort(l)
	}
	return r
}

// text is all lines, for a comparison that shows what differs.
func (r reports) text() string {
	var b strings.Builder
	for _, about := range []string{"vg", "pv", "lv", "seg"} {
		for _, l := range r[about] {
			b.WriteString(about + ": " + strings.ReplaceAll(l, " ", "\n\t") + "\n")
		}
	}
	return b.String()
}
