# The cases, one function for each. Most save one text, of the VG "vg" that has
# a metadata area on $d1.

empty() {
	disks 1 64M
	vgcreate vg $disks
	save
}

# Lists, policies, and what an LV can have of its own.
plain() {
	disks 3 64M
	vgcreate --addtag t1 --addtag 'a.b-c+d/e=f!g:h&i#j' --alloc cling vg $disks
	pvchange --addtag ssd $d2
	pvchange -xn $d3
	lvcreate -an -l3 -n lin vg $d1
	lvextend -l+2 vg/lin
	lvcreate -an -l2 -n ro -pr --addtag x vg
	lvcreate -an -l1 -n cont -C y vg
	lvcreate -an -l1 -n any --alloc anywhere vg
	lvcreate -an -l1 -n bytag --alloc cling_by_tags vg
	lvcreate -an -l1 -n norm --alloc normal vg
	lvcreate -an -l1 -n ranone -r none vg
	lvcreate -an -l1 -n raauto -r auto vg
	lvcreate -an -l1 -n ranum -r 256 vg
	lvcreate -an -l1 -n minor -My --major 253 --minor 77 vg
	lvcreate -an -l1 -n skip -ky vg
	lvcreate -an -l1 -n noauto --setautoactivation n vg
	vgchange --setautoactivation n vg
	save
}

# A command line with quotation marks is in the description.
quotes() {
	disks 1 64M
	vgcreate vg $disks
	vgchange --addtag t --config 'log/prefix="a \"b\" \\c"' vg
	save
}

limits() {
	disks 2 64M
	vgcreate -l 10 -p 5 -s 1M --alloc contiguous vg $disks
	save
}

striped() {
	disks 4 64M
	vgcreate vg $disks
	lvcreate -an -i2 -I64 -l4 -n s2 vg
	lvcreate -an -i4 -I8 -l8 -n s4 vg
	lvcreate -an -l2 -n lin vg $d3
	lvextend -l+3 vg/lin $d1
	lvextend -l+4 -i1 vg/s2
	save
}

# Comments of sizes with fractions, and far to the right.
sizes() {
	disks 2 20T
	vgcreate -s 512M vg $disks
	lvcreate -an -l1 -n one vg
	lvcreate -an -L 3.5T -n tera vg
	lvcreate -an -L 1T -n tera1 vg
	lvcreate -an -L 1025G -n giga vg
	lvcreate -an -L 19.5T -i2 -I 1M -n long vg
	save
}
huge() {
	disks 1 64M
	vgcreate -s 1M vg $disks
	lvcreate -an --type zero -L 3P -n peta vg
	lvcreate -an --type zero -L 1025T -n tera vg
	edit 's/extent_size = 2048/extent_size = 1048576/; s/pe_count = .*/pe_count = 0/'
	save
}
extents() {
	disks 1 7T
	vgcreate -s 1T vg $disks
	lvcreate -an -l6 -n six vg
	save
}
small() {
	disks 1 32M
	vgcreate -s 1k vg $disks
	lvcreate -an -l1 -n k vg
	lvcreate -an -l1024 -n m vg
	lvcreate -an -l1025 -n m1 vg
	lvcreate -an -l1537 -n m2 vg
	save
}

profile() {
	cp /etc/lvm/profile/thin-performance.profile "$LVM_SYSTEM_DIR/profile/"
	disks 1 64M
	vgcreate --metadataprofile thin-performance vg $disks
	lvcreate -an -l1 -n lin --metadataprofile thin-performance vg
	save
}

system_id() {
	configure 'global/system_id_source="lvmlocal"' 'local/system_id="host.one"'
	disks 1 64M
	vgcreate vg $disks
	lvcreate -an -l1 -n rw vg
	lvcreate -an -l1 -n ro -pr vg
	save
}

lock_none() {
	disks 1 64M
	vgcreate --lock-type none vg $disks
	save
}

# Two metadata areas, one ignored, a bootloader area.
areas() {
	disks 1 64M
	losetup -D
	truncate -s 64M "$work"/disk{2,3}
	for i in 1 2 3; do eval "d$i=\$(losetup -f --show $work/disk$i)"; done
	pvcreate --pvmetadatacopies 2 --bootloaderareasize 1M $d1
	pvcreate --metadataignore y $d2
	pvcreate --pvmetadatacopies 0 $d3
	vgcreate --vgmetadatacopies 2 vg $d1 $d2 $d3
	save
}
copies_unmanaged() {
	disks 2 64M
	vgcreate --vgmetadatacopies unmanaged vg $disks
	save
}

exported() {
	disks 2 64M
	vgcreate vg $disks
	lvcreate -an -l1 -n lin vg
	vgexport vg
	save
}

# The devices file's names are in the text.
device_id() {
	disks 2 64M
	configure 'devices/use_devicesfile=1'
	vgcreate vg $disks
	save
}

# PVs are numbered anew when one leaves.
renumbered() {
	disks 4 64M
	vgcreate vg $disks
	lvcreate -an -l1 -n a vg $d2
	lvcreate -an -l1 -n b vg $d4
	vgreduce vg $d3
	save
}

targets() {
	disks 1 64M
	vgcreate vg $disks
	lvcreate -an --type zero -l2 -n z vg
	lvcreate -an --type error -l3 -n e vg
	save
}

# A PV that is gone: error segments take its place, or it is missing.
missing() {
	disks 3 64M
	vgcreate vg $disks
	lvcreate --type raid1 -m1 -l2 -n r vg $d1 $d2
	lvcreate -l1 -n a vg $d1
	lvcreate -an -l8 -n b vg $d1
	lvextend -l+4 vg/b $d2
	sleep 1
	lvchange -an vg/r
	losetup -d $d2
	vgchange -ay --activationmode degraded vg
	lvconvert --repair vg/r
	save
	vgreduce --removemissing --force vg
	save missing_removed
}

thin() {
	disks 3 128M
	vgcreate vg $disks
	lvcreate --type thin-pool -L32M -n pool vg
	lvcreate -V64M -T vg/pool -n t0
	lvcreate -s -n t1 vg/t0
	lvcreate -s -n t2 vg/t1
	lvcreate -kn -s -n t3 vg/t2
	lvremove vg/t2
	lvcreate -an -l2 -pr -n ext vg
	lvcreate -s --thinpool vg/pool -n fromext vg/ext
	lvcreate --type thin-pool -L8M -c 128k --discards nopassdown -Zn -n nopass vg
	lvchange --errorwhenfull y vg/nopass
	lvcreate --type thin-pool -i2 -L8M -c 1M --discards ignore -n ign vg
	save
}

# Messages that the pool has yet to be told: in the text before the last one.
thin_messages() {
	disks 1 128M
	vgcreate vg $disks
	lvcreate --type thin-pool -L32M -n pool vg
	lvcreate -V64M -T vg/pool -n t0
	lvcreate -V64M -T vg/pool -n t1
	save_before thin_message_create
	lvcreate -s -n t3 vg/t1
	save_before thin_message_snapshot
	lvremove vg/t0
	save_before thin_message_delete
}
thin_two_messages() {
	disks 1 128M
	vgcreate vg $disks
	lvcreate --type thin-pool -L32M -n pool vg
	lvcreate -V64M -T vg/pool -n t0
	edit 's/^\(\t*\)zero_new_blocks.*/&\n\1message1 {\n create="t0"\n}\nmessage2 {\n delete=7\n}/'
	save
}
thin_merge() {
	disks 1 128M
	vgcreate vg $disks
	lvcreate --type thin-pool -L32M -n pool vg
	lvcreate -V64M -T vg/pool -n t0
	lvcreate -kn -s -n t1 vg/t0
	exec 7<>/dev/vg/t0
	lvconvert --merge vg/t1
	save
	exec 7>&-
}
thin_history() {
	configure 'metadata/record_lvs_history=1'
	disks 1 128M
	vgcreate vg $disks
	lvcreate --type thin-pool -L32M -n pool vg
	lvcreate -V64M -T vg/pool -n t0
	lvcreate -s -n t1 vg/t0
	lvcreate -s -n t2 vg/t1
	lvremove vg/t1
	lvremove vg/t0
	save
}
# What no small disk has: lvm2 reads it from a file and prints it.
thin_crop() {
	disks 1 64M
	vgcreate vg $disks
	lvcreate -an --type thin-pool -L8M -n pool vg
	edit 's/"thin-pool"/"thin-pool+CROP_METADATA"/; s/^\(\t*\)zero_new_blocks.*/&\n\1crop_metadata = 1/'
	save
}
thin_nocrop() {
	disks 1 64M
	vgcreate vg $disks
	lvcreate -an --type thin-pool -L8M -n pool vg
	edit 's/^\(\t*\)zero_new_blocks.*/&\n\1crop_metadata = 0/'
	save
}
vdo() {
	disks 1 64M
	vgcreate vg $disks
	lvcreate -an -l10 -n data vg
	edit 's/data {/vpool_vdata {/; s/, "VISIBLE"//; /logical_volumes {/r vdo.section'
	save
}
# A pool on RAID, and on a cache.
thin_raid() {
	disks 3 128M
	vgcreate vg $disks
	lvcreate --nosync --type raid1 -m1 -L32M -n pool vg
	lvcreate --nosync --type raid1 -m1 -L4M -n meta vg
	lvconvert --type thin-pool --poolmetadata vg/meta vg/pool
	lvcreate -V64M -T vg/pool -n t0
	save
}

snapshot() {
	disks 2 64M
	vgcreate vg $disks
	lvcreate -l4 -n o vg
	lvcreate -s -l2 -n s1 vg/o
	lvcreate -s -l2 -c 64k -pr -n s2 vg/o
	exec 7<>/dev/vg/o
	lvconvert --merge vg/s1
	save
	exec 7>&-
}

# The origin of zeros is hidden, what was written is seen.
snapshot_virtual() {
	disks 1 64M
	vgcreate vg $disks
	lvcreate --type snapshot -V 1G -l4 -n sparse vg
	lvcreate -an -l1 -n lin vg
	save
}

raid() {
	disks 6 128M
	vgcreate vg $disks
	lvcreate --nosync --type raid1 -m1 -l2 -n r1 vg
	lvcreate --type raid1 -m2 -R 1M --minrecoveryrate 100 --maxrecoveryrate 500 -l2 -n r1b vg
	lvcreate --type raid0 -i2 -l2 -n r0 vg
	lvcreate --type raid0_meta -i2 -l2 -n r0m vg
	lvcreate --type raid4 -i2 -l2 -n r4 vg
	lvcreate --type raid5 -i2 -I 32k -l2 -n r5 vg
	lvcreate --type raid5_n -i2 -l2 -n r5n vg
	lvcreate --type raid6 -i3 -l3 -n r6 vg
	lvcreate --type raid10 -i2 -m1 -l2 -n r10 vg
	sleep 1
	lvchange --writemostly $d1 --writebehind 512 vg/r1
	save
}
raid_integrity() {
	disks 3 64M
	vgcreate vg $disks
	lvcreate --type raid1 -m1 -l2 --raidintegrity y -n r1 vg
	save
}
raid_reshape() {
	disks 5 64M
	vgcreate vg $disks
	lvcreate --type raid5 -i2 -l2 -n r5 vg
	sleep 2
	lvconvert --stripes 3 vg/r5
	save
}
raid_tracked() {
	disks 3 64M
	vgcreate vg $disks
	lvcreate --type raid1 -m2 -l2 -n r1 vg
	sleep 2
	lvconvert --splitmirrors 1 --trackchanges vg/r1
	save
}

mirror() {
	disks 4 64M
	vgcreate vg $disks
	lvcreate --type mirror -m1 -l2 -n m1 vg
	lvcreate --type mirror -m2 --mirrorlog core -R 1M -l2 -n m2 vg
	save
}
pvmove_running() {
	disks 2 64M
	vgcreate vg $disks
	lvcreate -l6 -n a vg $d1
	lvcreate -l2 -n b vg $d1
	quiet lvm pvmove -b -i 60 $d1 $d2
	save
}

# Names that are words and numbers elsewhere in the text.
names() {
	disks 2 64M
	vgcreate vg $disks
	lvcreate -an -l1 -n pv1 vg
	lvcreate -an -l1 -n 007 vg
	lvcreate -an -l1 -n id vg
	lvcreate -an -l1 -n a.b+c_d-e vg
	lvcreate -an -l1 -n segment1 vg
	lvcreate -an -l1 -n logical_volumes vg
	save
}

cache() {
	disks 3 128M
	vgcreate vg $disks
	lvcreate -l8 -n o vg
	lvcreate --type cache-pool -l4 -n cpool vg
	lvconvert --type cache --cachepool vg/cpool --cachemode writeback --cachepolicy smq --cachesettings migration_threshold=2048 vg/o
	lvcreate --type cache-pool --cachemode passthrough -c 128k -l4 -n unused vg
	lvcreate -l4 -n o2 vg
	lvcreate -l4 -n fast vg
	lvconvert --type cache --cachevol vg/fast vg/o2
	save
}
writecache() {
	disks 2 128M
	vgcreate vg $disks
	lvcreate -an -l8 -n o vg
	lvcreate -an -l4 -n fast vg
	lvconvert --type writecache --cachevol vg/fast --cachesettings 'high_watermark=60 block_size=512' vg/o
	lvcreate -an -l8 -n o2 vg
	lvcreate -an -l4 -n fast2 vg
	lvconvert --type writecache --cachevol vg/fast2 vg/o2
	save
}

# The zone of the comments is the host's.
kolkata() {
	disks 1 64M
	TZ=Asia/Kolkata
	vgcreate vg $disks
	lvcreate -an -l1 -n lin vg
	save
	TZ=UTC
}
