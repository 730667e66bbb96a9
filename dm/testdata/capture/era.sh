meta=$(disk 8192) origin=$(disk 8192)
note 'fresh'
create "0 8192 era $meta $origin 128"
table
status
note 'written, in the next era'
dd if=/dev/zero of=/dev/mapper/$dev oflag=direct bs=64k count=5 status=none
dmsetup message $dev 0 checkpoint
status
note 'a metadata snapshot held, and dropped'
dmsetup message $dev 0 take_metadata_snap
status
dmsetup message $dev 0 drop_metadata_snap
status
remove
form 'again, other blocks' "0 4096 era $(disk 8192) $(disk 8192) 64"
