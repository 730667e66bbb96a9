a=$(disk 4096)
form 'blocks of 512 bytes' "0 2048 dust $a 0 512"
form 'blocks of 4096 bytes, from an offset' "0 2048 dust $a 1024 4096"

# message WORD…: sends the message and notes the reply.
message() { note "message $*: $(dmsetup message $dev 0 "$@" | tr '\n' ' ')"; }
create "0 2048 dust $a 0 512"
message addbadblock 60
message addbadblock 67 1
message countbadblocks
message listbadblocks
message queryblock 60
message queryblock 61
status
message enable
status
status $dev --noflush
message quiet
status
message disable
status
message removebadblock 60
message clearbadblocks
message countbadblocks
message listbadblocks
table
remove
