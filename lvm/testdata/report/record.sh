#!/bin/bash
# record.sh DIR: makes a VG with LVs of many kinds in the virtual machine with lvm2,
# and leaves in DIR what lvm2 reports of it, active and inactive, and its text.
#   bin/vmrun -w DIR lvm/testdata/report/record.sh DIR
set -euo pipefail
out=$1
export LVM_SYSTEM_DIR=/run/lvm-etc LVM_SUPPRESS_FD_WARNINGS=1 DM_DISABLE_UDEV=1
mkdir -p $LVM_SYSTEM_DIR /run/lvm-disks
modprobe -a dm-thin-pool dm-snapshot dm-mirror dm-raid dm-zero loop 2>/dev/null || true
devices=()
for i in 1 2 3; do
	truncate -s 96M /run/lvm-disks/$i
	devices+=("$(losetup -f --show /run/lvm-disks/$i)")
done
cat >$LVM_SYSTEM_DIR/lvm.conf <<END
devices { use_devicesfile=0 obtain_device_list_from_udev=0 filter=["a|^/dev/loop|","r|.*|"] }
activation { udev_sync=0 udev_rules=0 monitoring=0 }
backup { backup=0 archive=0 }
END
{
	pvcreate -q "${devices[@]}"
	vgcreate -q --addtag vt vg "${devices[@]}"
	lvcreate -q -Wn -n lin -L 8M --addtag a --addtag b vg
	lvcreate -q -Wn -n str -i 2 -I 32k -L 8M vg
	lvcreate -q -Wn -n two -L 4M vg "${devices[0]}"
	lvextend -q -L +4M vg/two "${devices[1]}"
	lvcreate -q -Wn -n ro -pr -l 1 vg
	lvcreate -q -Wn -n contig -C y -l 1 -r none vg
	lvcreate -q -Wn -n ra -l 1 -r 256 vg
	lvcreate -q -Wn -n skip -k y -an -l 1 vg
	lvcreate -q -Wn -n noauto --setautoactivation n -l 1 vg
	lvcreate -q -Wn -n minor -My --minor 77 -l 1 vg
	lvcreate -q -Zn -n zero --type zero -l 1 vg
	lvcreate -q -Zn -n err --type error -l 1 vg
	lvcreate -q -n pool -L 16M -T vg
	lvcreate -q -n perr -L 8M -Zn --errorwhenfull y --discards nopassdown -T vg
	lvcreate -q -n thin -V 32M --thinpool pool vg
	lvcreate -q -n tsnap -s vg/thin
	lvcreate -q -n thin2 -V 8M --thinpool perr vg
	lvchange -q -an vg/ro
	lvcreate -q -n text -s --thinpool pool vg/ro
	lvcreate -q -n snap -s -L 4M vg/lin
	lvcreate -q -n snap2 -s -L 4M -pr vg/lin
	lvcreate -q -n r1 --type raid1 -m 1 --nosync -l 1 vg || true
	lvcreate -q -n mir --type mirror --mirrorlog core -m 1 --nosync -l 1 vg || true
} >/dev/null
lv_fields=lv_name,vg_name,lv_uuid,lv_full_name,lv_path,lv_dm_path,lv_attr,lv_size,lv_metadata_size,seg_count,lv_permissions,lv_allocation_policy,lv_skip_activation,lv_autoactivation,lv_when_full,lv_read_ahead,lv_active,lv_kernel_major,lv_kernel_minor,origin,pool_lv,data_lv,metadata_lv,lv_tags,lv_profile,lv_host
seg_fields=lv_name,lv_attr,segtype,seg_start,seg_start_pe,seg_size,seg_size_pe,stripes,stripe_size,chunk_size,seg_pe_ranges,devices,transaction_id,thin_id,thin_count,discards,zero,seg_tags
vg_fields=vg_name,vg_uuid,vg_fmt,vg_attr,vg_permissions,vg_extendable,vg_exported,vg_autoactivation,vg_partial,vg_allocation_policy,vg_size,vg_free,vg_extent_size,vg_extent_count,vg_free_count,max_lv,max_pv,pv_count,vg_missing_pv_count,lv_count,snap_count,vg_seqno,vg_tags,vg_systemid,vg_lock_type,vg_lock_args,vg_profile
pv_fields=pv_name,vg_name,pv_uuid,pv_fmt,pv_attr,pv_allocatable,pv_exported,pv_missing,pv_in_use,pv_size,pv_free,pv_used,dev_size,pe_start,pv_pe_count,pv_pe_alloc_count,pv_ba_start,pv_ba_size,pv_tags
report=(--reportformat json --units b --nosuffix)
lvs -a "${report[@]}" -o $lv_fields vg >$out/lvs-active.json
vgchange -q -an vg >/dev/null
lvs -a "${report[@]}" -o $lv_fields vg >$out/lvs.json
lvs -a --segments "${report[@]}" -o $seg_fields vg >$out/segments.json
vgs "${report[@]}" -o $vg_fields vg >$out/vgs.json
pvs "${report[@]}" -o $pv_fields >$out/pvs.json
(cd "$out" && vgcfgbackup -q -f vg.backup vg) >/dev/null
