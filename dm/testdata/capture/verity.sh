a=$(disk 2048) h=$(disk 2048) f=$(disk 2048)
dd if=/dev/urandom of="$a" bs=64K count=4 conv=notrunc 2>/dev/null
salt=$(printf 5a%.0s {1..32})

# tree [OPTION…]: makes the hash tree of $a on $h, and sets digest.
tree() { digest=$(veritysetup format "$@" "$a" "$h" | sed -n 's/^Root hash:[[:space:]]*//p'); }
verity() {
	local what=$1 text=$2
	form "$what" "0 2048 verity $text" --readonly
}
# try: as verity, where the kernel may refuse it.
try() { newer "$1" "0 2048 verity $2" --readonly; }

tree --salt "$salt"
plain="1 $a $h 4096 4096 256 1 sha256 $digest $salt"
verity 'sha256, salt' "$plain"
verity 'no options, said so' "$plain 0"
for option in ignore_corruption restart_on_corruption panic_on_corruption ignore_zero_blocks check_at_most_once; do
	verity $option "$plain 1 $option"
done
try 'try_verify_in_tasklet' "$plain 1 try_verify_in_tasklet"
try 'restart_on_error' "$plain 1 restart_on_error"
try 'panic_on_error' "$plain 2 panic_on_error panic_on_corruption"
verity 'three together, in another order' "$plain 3 check_at_most_once ignore_zero_blocks restart_on_corruption"

tree --salt "$salt" --fec-device "$f" --fec-roots 2
fec="fec_roots 2 fec_blocks 259 fec_start 0 use_fec_from_device $f"
try 'forward error correction' "1 $a $h 4096 4096 256 1 sha256 $digest $salt 8 $fec"
try 'forward error correction and more' "1 $a $h 4096 4096 256 1 sha256 $digest $salt 10 ignore_corruption $fec ignore_zero_blocks"
tree --salt "$salt" --fec-device "$f" --fec-roots 24
try 'forward error correction, 24 roots' "1 $a $h 4096 4096 256 1 sha256 $digest $salt 8 ${fec/roots 2/roots 24}"

tree --salt - --no-superblock
verity 'no salt, tree at the start' "1 $a $h 4096 4096 256 0 sha256 $digest -"
tree --salt "$salt" --format 0 --hash sha1 --data-block-size 1024 --hash-block-size 512
verity 'version 0, sha1, small blocks' "0 $a $h 1024 512 1024 1 sha1 $digest $salt"
tree --salt "$salt" --hash sha512 --data-block-size 512 --hash-block-size 1024
verity 'sha512' "1 $a $h 512 1024 2048 1 sha512 $digest $salt"

note 'data and tree on one device'
one=$(disk 4096)
digest=$(veritysetup format --salt "$salt" --data-blocks 256 --hash-offset 1048576 "$one" "$one" | sed -n 's/^Root hash:[[:space:]]*//p')
verity 'the tree behind the data' "1 $one $one 4096 4096 256 257 sha256 $digest $salt"

note 'a corrupt block, before it is read, after, and repaired by nothing'
tree --salt "$salt"
dd if=/dev/zero of="$a" bs=4096 count=1 seek=3 conv=notrunc,fsync 2>/dev/null
create "0 2048 verity 1 $a $h 4096 4096 256 1 sha256 $digest $salt" --readonly
dd if=/dev/mapper/$dev of=/dev/null bs=4096 count=1 iflag=direct 2>/dev/null
status
dd if=/dev/mapper/$dev of=/dev/null bs=4096 count=8 iflag=direct 2>/dev/null || true
status
table
remove
