meta=$(disk 8192) data=$(disk 4096) origin=$(disk 2048)
dmsetup create roktest-meta --table "0 8192 linear $meta 0"
pool=roktest-pool
dmsetup create $pool --table "0 4096 thin-pool /dev/mapper/roktest-meta $data 128 4 1 skip_block_zeroing"
for id in 0 1 7 16777215; do dmsetup message $pool 0 "create_thin $id"; done

form 'nothing mapped' "0 2048 thin /dev/mapper/$pool 0"
form 'the last id' "0 2048 thin /dev/mapper/$pool 16777215"

note 'mapped at the start and near the end'
create "0 2048 thin /dev/mapper/$pool 1"
dd if=/dev/zero of=/dev/mapper/$dev oflag=direct bs=64k count=1 status=none
dd if=/dev/zero of=/dev/mapper/$dev oflag=direct bs=64k count=2 seek=12 status=none
table
status
note 'a snapshot of it'
dmsetup suspend $dev
dmsetup message $pool 0 'create_snap 2 1'
dmsetup resume $dev
remove
form 'the snapshot' "0 2048 thin /dev/mapper/$pool 2"
form 'an external origin' "0 2048 thin /dev/mapper/$pool 7 $origin"

note 'the pool has failed'
create "0 2048 thin /dev/mapper/$pool 0"
dmsetup suspend --noflush --nolockfs roktest-meta
dmsetup load roktest-meta --table '0 8192 error'
dmsetup resume roktest-meta
dd if=/dev/zero of=/dev/mapper/$dev oflag=direct bs=64k count=1 status=none 2>/dev/null || true
while ! dmsetup status $pool | grep -q Fail; do
	dmsetup suspend $pool
	dmsetup resume $pool || true
done
table
status
remove
remove $pool
remove roktest-meta
