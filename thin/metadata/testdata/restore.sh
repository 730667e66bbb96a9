#!/bin/bash
# restore.sh DIR: makes metadata with thin_restore from XML and leaves it gzip'ed in DIR.
# See README.md.
set -euo pipefail
out=$1
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# restore NAME SIZE: from XML on the input.
restore() {
	cat >"$work/xml"
	truncate -s "$2" "$work/meta"
	thin_restore -q -i "$work/xml" -o "$work/meta"
	gzip -9n <"$work/meta" >"$out/$1.bin.gz"
}
# head UUID TIME TRANSACTION DATABLOCKS
head() {
	echo "<superblock uuid=\"$1\" time=\"$2\" transaction=\"$3\" flags=\"0\" version=\"2\" data_block_size=\"128\" nr_data_blocks=\"$4\">"
}
tail() { echo "</superblock>"; }

{ head "" 0 0 100; tail; } | restore restored-empty 64K

{
	head "a pool of a test" 3 17 1000
	cat <<'X'
<device dev_id="0" mapped_blocks="12" transaction="0" creation_time="0" snap_time="1">
 <range_mapping origin_begin="0" data_begin="0" length="10" time="0"/>
 <single_mapping origin_block="20" data_block="11" time="1"/>
 <single_mapping origin_block="1152921504606846976" data_block="10" time="1"/>
</device>
<device dev_id="7" mapped_blocks="10" transaction="1" creation_time="1" snap_time="1">
 <range_mapping origin_begin="0" data_begin="0" length="10" time="0"/>
</device>
<device dev_id="8" mapped_blocks="0" transaction="2" creation_time="1" snap_time="2"/>
<device dev_id="9" mapped_blocks="1" transaction="2" creation_time="2" snap_time="3">
 <single_mapping origin_block="0" data_block="0" time="0"/>
</device>
<device dev_id="16777215" mapped_blocks="1" transaction="3" creation_time="3" snap_time="3">
 <single_mapping origin_block="3" data_block="0" time="0"/>
</device>
X
	tail
} | restore restored-small 64K

# Internal nodes in each tree, a data space map of several bitmaps, counts above 255.
{
	head "" 0 0 50000
	for id in $(seq 0 299); do
		n=$((id == 0 ? 20000 : 1))
		echo "<device dev_id=\"$((id * 3))\" mapped_blocks=\"$n\" transaction=\"0\" creation_time=\"0\" snap_time=\"0\">"
		awk -v id="$id" -v n="$n" 'BEGIN { for (i = 0; i < n; i++)
			printf "<single_mapping origin_block=\"%d\" data_block=\"%d\" time=\"0\"/>\n",
				i * 2, id ? 49999 : (i * 7) % 49999 }'
		echo "</device>"
	done
	tail
} | restore restored-deep 4M
