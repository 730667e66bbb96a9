for i in 0 1 2 3 4 5; do
	m[i]=$(disk 8192) d[i]=$(disk 32768)
done
journal=$(disk 32768)

# wipe: forgets what the metadata devices say.
wipe() { for i in 0 1 2 3 4 5; do dd if=/dev/zero of="${m[i]}" bs=64k count=4 conv=notrunc,fsync status=none; done; }
# with N: the devices as a table has them, with metadata; plain N: without.
with() { local i; echo -n "$1"; for ((i = 0; i < $1; i++)); do echo -n " ${m[i]} ${d[i]}"; done; }
plain() { local i; echo -n "$1"; for ((i = 0; i < $1; i++)); do echo -n " - ${d[i]}"; done; }
# busy ACTION: waits until the array is busy with that, or idle.
until_idle() { for _ in $(seq 200); do dmsetup status $dev | grep -q ' idle ' && return; sleep 0.05; done; }

# raid TYPE "PARAMS" N SECTORS
raid() {
	wipe
	newer "$1, $2" "0 $4 raid $1 $2 $(with "$3")"
}
raid raid0 '1 64' 2 65536
raid raid1 '2 0 sync' 2 32768
raid raid1 '2 0 nosync' 2 32768
raid raid1 '3 0 region_size 1024' 2 32768
raid raid1 '3 0 rebuild 1' 2 32768
raid raid1 '5 0 rebuild 1 rebuild 2' 3 32768
raid raid1 '4 0 nosync daemon_sleep 2000' 2 32768
raid raid1 '6 0 nosync min_recovery_rate 100 max_recovery_rate 2000' 2 32768
raid raid1 '6 0 nosync write_mostly 1 max_write_behind 128' 2 32768
raid raid1 '6 0 nosync write_mostly 1 write_mostly 2' 3 32768
for t in raid4 raid5_la raid5_ra raid5_ls raid5_rs raid5_n; do raid $t '2 64 nosync' 3 65536; done
for t in raid6_zr raid6_nr raid6_nc raid6_n_6 raid6_ls_6 raid6_rs_6 raid6_la_6 raid6_ra_6; do raid $t '2 64 sync' 5 98304; done
raid raid5_ls '4 64 nosync stripe_cache 1024' 3 65536
raid raid10 '2 64 nosync' 4 65536
raid raid10 '4 64 nosync raid10_copies 2' 4 65536
raid raid10 '6 64 nosync raid10_format far raid10_copies 2' 4 65536
raid raid10 '6 64 nosync raid10_copies 2 raid10_format near' 4 65536
raid raid10 '6 64 nosync raid10_copies 3 raid10_format offset' 6 65536
for t in raid10_near raid10_far raid10_offset; do raid $t '2 64 nosync' 4 65536; done
raid raid5_ls '3 64 journal_dev '"$journal" 3 65536
raid raid5_ls '5 64 journal_dev '"$journal"' journal_mode writeback' 3 65536
raid raid5_ls '5 64 journal_dev '"$journal"' journal_mode writethrough' 3 65536
raid raid1 '14 0 nosync region_size 2048 max_write_behind 256 write_mostly 1 max_recovery_rate 9000 min_recovery_rate 10 daemon_sleep 3000' 2 32768

form 'without metadata devices' "0 65536 raid raid4 1 64 $(plain 3)"
form 'a missing device' "0 65536 raid raid5_ls 2 64 nosync 3 - ${d[0]} - - - ${d[2]}"

note 'what a check finds'
wipe
dmsetup create $dev --table "0 32768 raid raid1 4 0 sync max_recovery_rate 1000000 $(with 2)"
until_idle
dd if=/dev/urandom of="${d[1]}" bs=4k count=4 seek=512 conv=notrunc,fsync status=none
dmsetup message $dev 0 check
until_idle
status
dmsetup message $dev 0 repair
until_idle
dmsetup message $dev 0 check
until_idle
status
remove

# slowly PARAMS: raid1 with a slow second device.
dmsetup create roktest-slow --table "0 32768 delay ${d[1]} 0 100"
slowly() {
	dmsetup create $dev --table "0 32768 raid raid1 $1 2 ${m[0]} ${d[0]} ${m[1]} /dev/mapper/roktest-slow"
}
# slow N: as with N, the second device slow.
slow() { echo -n "$1"; for ((i = 0; i < $1; i++)); do echo -n " ${m[i]} $([ $i = 1 ] && echo /dev/mapper/roktest-slow || echo "${d[i]}")"; done; }
note 'resync, frozen'
wipe
dmsetup create $dev --table "0 65536 raid raid5_ls 1 64 $(slow 3)"
table
status
dmsetup message $dev 0 frozen
status
remove
note 'check, repair'
wipe
slowly '2 0 nosync'
for action in check repair; do
	dmsetup message $dev 0 $action
	status
	dmsetup message $dev 0 idle
done
note 'recover'
remove
slowly '3 0 rebuild 1'
table
status
remove

# reshape WHAT PARAMS DEVICES: the array takes another table.
reshape() {
	note "$1"
	if dmsetup load $dev --table "$2" 2>/dev/null; then
		dmsetup suspend $dev
		dmsetup resume $dev
		table
		status
	else
		note refused
	fi
	remove
}
wipe
slowly '2 0 nosync'
reshape 'reshape: a third mirror' "0 32768 raid raid1 3 0 delta_disks 1 $(slow 3)"
wipe
dmsetup create $dev --table "0 16384 raid raid5_ls 2 64 nosync $(slow 3)"
reshape 'reshape: another layout' "0 16384 raid raid5_n 3 64 data_offset 8192 $(slow 3)"
wipe
dmsetup create $dev --table "0 24576 raid raid5_ls 2 64 nosync $(slow 4)"
reshape 'reshape: a device less' "0 24576 raid raid5_ls 5 64 delta_disks -1 data_offset 8192 $(slow 4)"
remove roktest-slow

note 'a device fails, then is rebuilt'
wipe
dmsetup create roktest-bad --table "0 32768 linear ${d[1]} 0"
dmsetup create $dev --table "0 32768 raid raid1 2 0 nosync 2 ${m[0]} ${d[0]} ${m[1]} /dev/mapper/roktest-bad"
dmsetup suspend --noflush --nolockfs roktest-bad
dmsetup load roktest-bad --table '0 32768 error'
dmsetup resume roktest-bad
dd if=/dev/zero of=/dev/mapper/$dev oflag=direct bs=4k count=4 status=none
sleep 0.3
table
status
remove
remove roktest-bad
dmsetup create $dev --table "0 32768 raid raid1 5 0 rebuild 1 min_recovery_rate 1 $(with 2)"
table
status
remove
