a=$(disk 16384) b=$(disk 16384)
hmac='hmac(sha256):00112233445566778899aabbccddeeff'

# fresh: forgets what the last form put on the disks.
fresh() { for d in "$a" "$b"; do dd if=/dev/zero of="$d" bs=1M count=8 conv=fsync 2>/dev/null; done; }
# one WHAT RESERVED-SECTORS TAG-SIZE MODE [OPTION…]
one() {
	local what=$1 reserved=$2 tag=$3 mode=$4
	shift 4
	fresh
	newer "$what" "0 2048 integrity $a $reserved $tag $mode $# $*"
}

one 'tags from above' 0 4 J
one 'direct' 0 4 D
one 'reserved sectors' 64 28 D
one 'crc32c, size by the hash' 0 - J internal_hash:crc32c
one 'crc32c, size said' 0 4 D internal_hash:crc32c
one 'bitmap' 0 - B internal_hash:sha256
one 'bitmap, its options' 0 - B internal_hash:sha256 sectors_per_bit:1024 bitmap_flush_interval:500
one 'bitmap_flush_interval of zero' 0 - B internal_hash:sha256 bitmap_flush_interval:0
one 'hmac' 0 - J internal_hash:$hmac
one 'hmac, upper-case key' 0 - J "internal_hash:${hmac/aabbccddeeff/AABBCCDDEEFF}"
one 'fix_hmac' 0 - J internal_hash:$hmac fix_hmac
one 'block_size' 0 - J internal_hash:crc32c block_size:4096
one 'meta_device' 0 - J internal_hash:crc32c "meta_device:$b"
one 'journal options' 0 - J internal_hash:crc32c journal_sectors:256 journal_watermark:30 commit_time:1234
one 'journal options of zero' 0 - J internal_hash:crc32c journal_watermark:0 commit_time:0
one 'interleave and buffers' 0 - J internal_hash:crc32c interleave_sectors:4096 buffer_sectors:64
one 'allow_discards' 0 - J internal_hash:crc32c allow_discards
one 'fix_padding' 0 - J internal_hash:crc32c fix_padding
one 'journal_crypt' 0 - J internal_hash:crc32c 'journal_crypt:ctr(aes):00112233445566778899aabbccddeeff'
one 'journal_crypt, a block cipher' 0 4 J 'journal_crypt:cbc(aes):00112233445566778899aabbccddeeff'
one 'journal_mac' 0 4 J "journal_mac:$hmac"
one 'journal_mac without a key' 0 4 J journal_mac:crc32c
one 'all keys' 0 - J "journal_mac:$hmac" fix_hmac "internal_hash:$hmac" 'journal_crypt:ctr(aes):00112233445566778899aabbccddeeff'
one 'recalculate' 0 - J internal_hash:crc32c recalculate
one 'reset_recalculate' 0 - J internal_hash:crc32c reset_recalculate
one 'legacy_recalculate' 0 - J internal_hash:$hmac recalculate legacy_recalculate
one 'many' 0 - J recalculate legacy_recalculate allow_discards fix_padding "meta_device:$b" block_size:1024 internal_hash:$hmac
fresh
dmsetup create roktest-tags --table "0 8192 integrity $b 0 32 D 0"
newer 'inline, in the tags of another integrity device' "0 2048 integrity /dev/mapper/roktest-tags 0 - I 1 internal_hash:sha256"
newer 'inline, keyed' "0 2048 integrity /dev/mapper/roktest-tags 0 32 I 2 internal_hash:$hmac fix_hmac"
dmsetup remove --retry roktest-tags

note 'recovery, of what a direct device left'
fresh
dmsetup create roktest-first --table "0 2048 integrity $a 0 - D 1 internal_hash:crc32c"
dmsetup remove roktest-first
form 'recovery' "0 2048 integrity $a 0 - R 1 internal_hash:crc32c"

note 'a block that does not fit its tag'
fresh
create "0 2048 integrity $a 0 - D 2 internal_hash:crc32c interleave_sectors:32768"
dd if=/dev/zero of=/dev/mapper/$dev bs=64K count=16 oflag=direct 2>/dev/null
status
remove
dd if=/dev/urandom of="$a" bs=512 count=8 seek=16000 conv=notrunc,fsync 2>/dev/null
dd if=/dev/urandom of="$a" bs=512 count=8 seek=1200 conv=notrunc,fsync 2>/dev/null
create "0 2048 integrity $a 0 - D 1 internal_hash:crc32c"
dd if=/dev/mapper/$dev of=/dev/null bs=512 iflag=direct conv=noerror 2>/dev/null || true
status
table
remove

note 'recalculating, far from done'
slow=$(disk 1048576)
create "0 524288 integrity $slow 0 - D 2 internal_hash:sha256 recalculate"
status
for _ in 1 2 3 4 5; do
	sleep 0.1
	status
done
table
remove
