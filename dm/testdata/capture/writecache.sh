origin=$(disk 8192)

# cache OPTIONS [BLOCK-SIZE]: a fresh cache.
cache() {
	fast=$(disk 4096)
	form "options $1" "0 8192 writecache s $origin $fast ${2:-4096} $1"
}
cache 0
cache 0 512
cache '2 start_sector 2048'
cache '2 high_watermark 60'
cache '2 low_watermark 20'
cache '2 writeback_jobs 100'
cache '2 autocommit_blocks 64'
cache '2 autocommit_time 500'
cache '2 max_age 10000'
cache '1 cleaner'
for option in fua nofua; do
	newer "options 1 $option: for persistent memory" "0 8192 writecache s $origin $(disk 4096) 4096 1 $option"
done
cache '1 metadata_only'
cache '2 pause_writeback 0'
cache '17 pause_writeback 100 metadata_only max_age 10000 autocommit_time 500 autocommit_blocks 64 writeback_jobs 10 low_watermark 20 high_watermark 60 start_sector 2048'

note 'in use'
fast=$(disk 4096)
create "0 8192 writecache s $origin $fast 4096 0"
dd if=/dev/zero of=/dev/mapper/$dev oflag=direct bs=4k count=64 status=none
dd if=/dev/zero of=/dev/mapper/$dev oflag=direct,sync bs=4k count=8 status=none
dd if=/dev/mapper/$dev of=/dev/null iflag=direct bs=4k count=128 status=none
status
dmsetup message $dev 0 flush
status
dmsetup message $dev 0 clear_stats
status
remove

note 'the cache device has failed'
dmsetup create roktest-fast --table "0 4096 linear $fast 0"
create "0 8192 writecache s $origin /dev/mapper/roktest-fast 4096 0"
dmsetup suspend --noflush --nolockfs roktest-fast
dmsetup load roktest-fast --table '0 4096 error'
dmsetup resume roktest-fast
dd if=/dev/zero of=/dev/mapper/$dev oflag=direct,sync bs=4k count=8 status=none 2>/dev/null || true
dmsetup message $dev 0 flush || true
table
status
remove
remove roktest-fast
