a=$(disk 4096) b=$(disk 4096)
form 'no writes' "0 2048 log-writes $a $b"

note 'after two writes, a flush and a mark'
create "0 2048 log-writes $a $b"
dd if=/dev/zero of=/dev/mapper/$dev bs=4096 count=2 oflag=direct conv=fsync 2>/dev/null
status
dmsetup message $dev 0 mark here
status
table
remove

note 'the log device is full'
full=$(disk 16)
create "0 2048 log-writes $a $full"
dd if=/dev/zero of=/dev/mapper/$dev bs=4096 count=8 oflag=direct conv=fsync 2>/dev/null || true
status
remove
