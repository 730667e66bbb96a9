origin=$(disk 16384)

# cache FEATURES POLICY [ARGS]: a fresh cache of blocks of 32 KiB.
cache() {
	meta=$(disk 8192) fast=$(disk 4096)
	note "features $1, policy $2"
	create "0 16384 cache $meta $fast $origin 64 $1 $2"
	table
	status
	remove
}
cache 0 'default 0'
cache '1 writeback' 'smq 0'
cache '1 writethrough' 'smq 0'
cache '1 passthrough' 'smq 0'
cache '1 metadata2' 'smq 0'
cache '1 no_discard_passdown' 'smq 0'
cache '3 writethrough no_discard_passdown metadata2' 'smq 0'
cache '2 metadata2 writeback' 'cleaner 0'
cache '1 writeback' 'smq 2 migration_threshold 4096'

note 'in use, dirty, an argument set by message'
meta=$(disk 8192) fast=$(disk 4096)
create "0 16384 cache $meta $fast $origin 64 1 writeback smq 0"
for _ in $(seq 40); do
	dd if=/dev/zero of=/dev/mapper/$dev oflag=direct bs=32k count=4 status=none
	dd if=/dev/mapper/$dev of=/dev/null iflag=direct bs=32k count=6 status=none
done
dmsetup message $dev 0 'migration_threshold 1024'
table
status
remove

# fail WHAT TABLE: the same, when the metadata device becomes that.
fail() {
	note "$1"
	meta=$(disk 8192) fast=$(disk 4096)
	dmsetup create roktest-meta --table "0 8192 linear $meta 0"
	create "0 16384 cache /dev/mapper/roktest-meta $fast $origin 64 1 writeback smq 0"
	dmsetup suspend --noflush --nolockfs roktest-meta
	dmsetup load roktest-meta --table "$2"
	dmsetup resume roktest-meta
	for _ in $(seq 40); do
		dd if=/dev/zero of=/dev/mapper/$dev oflag=direct,sync bs=32k count=4 status=none 2>/dev/null || true
	done
	table
	status
	remove
	remove roktest-meta
}
fail 'the metadata cannot be written: read-only, needs a check' "0 8192 flakey $meta 0 0 60 1 error_writes"
fail 'the metadata cannot be read either' '0 8192 error'
