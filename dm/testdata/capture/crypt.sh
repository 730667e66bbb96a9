a=$(disk 4096)
key16=000102030405060708090a0b0c0d0e0f
key32=${key16}101112131415161718191a1b1c1d1e1f
key64=${key32}202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f

form 'no key, cipher_null' "0 2048 crypt cipher_null-ecb - 0 $a 0"
form 'aes-cbc-essiv:sha256' "0 2048 crypt aes-cbc-essiv:sha256 $key16 0 $a 0"
form 'aes-xts-plain64, offsets' "0 2048 crypt aes-xts-plain64 $key32 2048 $a 1024"
form 'aes-cbc-plain, upper-case key' "0 2048 crypt aes-cbc-plain ${key16^^} 0 $a 0"
form 'aes-cbc-null' "0 2048 crypt aes-cbc-null $key32 0 $a 0"
form 'aes-cbc-benbi' "0 2048 crypt aes-cbc-benbi $key32 0 $a 0"
form 'aes-ecb' "0 2048 crypt aes-ecb $key16 0 $a 0"
form 'cipher alone' "0 2048 crypt aes $key16 0 $a 0"
form '64 keys and lmk' "0 2048 crypt aes:64-cbc-lmk $(printf %.0s$key16 {1..64}) 0 $a 0"
form 'capi:xts(aes)-plain64' "0 2048 crypt capi:xts(aes)-plain64 $key64 0 $a 0"
form 'capi:cbc(aes)-essiv:sha256' "0 2048 crypt capi:cbc(aes)-essiv:sha256 $key32 0 $a 0"
form 'capi:cbc(aes)-eboiv' "0 2048 crypt capi:cbc(aes)-eboiv $key32 0 $a 0"
newer 'aes-cbc-elephant' "0 2048 crypt capi:cbc(aes)-elephant $key64 0 $a 0"
newer 'adiantum' "0 2048 crypt capi:adiantum(xchacha12,aes)-plain64 $key32 0 $a 0"

for option in allow_discards same_cpu_crypt submit_from_crypt_cpus no_read_workqueue no_write_workqueue \
	sector_size:4096 iv_large_sectors; do
	form "$option" "0 2048 crypt aes-xts-plain64 $key32 0 $a 0 1 $option"
done
form 'sector_size:512' "0 2048 crypt aes-xts-plain64 $key32 0 $a 0 1 sector_size:512"
form 'all together, in another order' "0 2048 crypt aes-xts-plain64 $key64 8 $a 8 \
7 iv_large_sectors sector_size:2048 no_write_workqueue no_read_workqueue submit_from_crypt_cpus same_cpu_crypt allow_discards"
newer 'high_priority' "0 2048 crypt aes-xts-plain64 $key32 0 $a 0 1 high_priority"
newer 'all with high_priority' "0 2048 crypt aes-xts-plain64 $key64 0 $a 0 4 submit_from_crypt_cpus high_priority same_cpu_crypt allow_discards"

# keyring TYPE: adds the key roktest:TYPE to this session's keyring.
keyring() { printf 0123456789abcdef0123456789abcdef | keyctl padd "$1" "roktest:$1" @u >/dev/null; }
if command -v keyctl >/dev/null; then
	keyctl link @u @s
	keyring logon
	keyring user
	newer 'logon key' "0 2048 crypt aes-xts-plain64 :32:logon:roktest:logon 0 $a 0"
	newer 'user key' "0 2048 crypt aes-xts-plain64 :32:user:roktest:user 0 $a 0 1 allow_discards"
	printf 0123456789abcdef | keyctl padd user roktest-master @u >/dev/null
	keyctl add encrypted roktest:encrypted "new user:roktest-master 32" @u >/dev/null
	newer 'encrypted key' "0 2048 crypt aes-xts-plain64 :32:encrypted:roktest:encrypted 0 $a 0"
fi

note 'the key wiped by message'
create "0 2048 crypt aes-xts-plain64 $key32 0 $a 0"
dmsetup suspend $dev
dmsetup message $dev 0 key wipe
table
remove

note 'without --showkeys, dmsetup prints zeros for the key'
create "0 2048 crypt aes-xts-plain64 $key32 0 $a 0"
dmsetup table $dev | sed 's/^/table /' >&3
remove

# under SIZE TAG TABLE: a crypt device on an integrity device with tags of
# TAG bytes for each block of SIZE.
under() {
	local what=$1 size=$2 tag=$3 text=$4
	shift 4
	local b
	b=$(disk 16384)
	dmsetup create roktest-tags --table "0 8 integrity $b 0 $tag D 1 block_size:$size"
	local length
	length=$(dmsetup status roktest-tags | cut -d' ' -f5)
	dmsetup remove roktest-tags
	dmsetup create roktest-tags --table "0 $length integrity $b 0 $tag D 1 block_size:$size"
	newer "$what" "0 2048 crypt ${text//TAGS//dev/mapper/roktest-tags}"
	dmsetup remove --retry roktest-tags
}
under 'aead, gcm, random iv' 512 28 "capi:gcm(aes)-random $key32 0 TAGS 0 1 integrity:28:aead"
under 'aead, ccm' 512 16 "capi:rfc4309(ccm(aes))-plain64 ${key16}abcdef 0 TAGS 0 1 integrity:16:aead"
under 'aead, authenc, 4096-byte sectors' 4096 48 "capi:authenc(hmac(sha256),xts(aes))-random ${key64}${key32} 0 TAGS 0 2 integrity:48:aead sector_size:4096"
under 'aead, chacha20-poly1305' 512 28 "capi:rfc7539(chacha20,poly1305)-random $key32 0 TAGS 0 1 integrity:28:aead"
under 'no aead, space for the iv' 512 16 "aes-xts-random $key32 0 TAGS 0 1 integrity:16:none"
under 'integrity_key_size' 512 48 "capi:authenc(hmac(sha256),xts(aes))-random ${key64}${key16} 0 TAGS 0 2 integrity:48:aead integrity_key_size:16"
