#!/bin/bash
# fuzzcover.sh: how many statements of the decoders of LVM, thin metadata and maps the committed seeds
# of the fuzz tests reach, nothing else. Fails where they are less than 90 % of a group.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# GROUP FOLDER FILES -FUNCTIONS: the files whose functions count, but for those that
# write: encoders, and what chooses where something is written.
cat >"$dir/groups" <<'END'
text lvm/text error,node,reader,scan,value -AppendString
disk lvm/disk area,areaheader,bounds,checksum,errors,label,pvheader,ring,search,signature,signaturetable -appendAreas,AppendAreaHeader,appendLocation,AppendLabel,appendPVHeader,SetUsed,MaxText,Place,next,Writes,Sectors
vg lvm decode,entries,heldtext,id,lvtext,pooltext,pvtext,segmenttext,snapshottext,stripedtext,summary,thintext,vgtext -print,printer,AppendText,AppendBackup,comment,timeComment,renamePVs,typeWord,segmentName,NewID,append,Compact
checks lvm fault,validate,validateloops,validatesegment,validatespace -
scan lvm diskpv,diskvg,oldtexts,scan,scanfind -NewPV
host lvm/host conf,filter,regex,setting,settings,systemid,volumelist -
devices lvm/host devicesfile,holder -Put,Remove,ClearPVID,set,words,line,next,hashed,devicesHash,Changed,Version,holdersOf,String
blocks thin/metadata bitmap,blocktime,checksum,devicedetail,index,node,noderead,refcount,spacemap,superblock -appendBitmap,set,Pack,appendDeviceDetail,appendIndex,appendNode,appendRefCount,AppendSuperblock,appendSpaceMap,seal,String
maps maps attribute,block,chain,flat,group,groupdiff,header,lookup,map,node,object,objects,reader,treediff,treewalk -appendGroup,appendNode,appendPage,appendHeader,appendAttributes,put,putBlock,Root
trees thin/metadata check,compare,cursor,deltawalk,devices,mappings,searchtrees,spacemapcheck,thindevice,usage,walk -
END

go test -count=1 -run '^Fuzz' -coverpkg=./lvm/...,./thin/metadata,./maps -coverprofile="$dir/profile" ./lvm ./lvm/text ./lvm/disk ./lvm/host ./thin/metadata ./maps >"$dir/log" ||
	{ cat "$dir/log" >&2; exit 1; }
go tool cover -func="$dir/profile" >"$dir/functions"
awk -v verbose="${VERBOSE:-}" '
FILENAME ~ /groups$/ { # of each file: its group and the functions that do not count
	n = split($3, files, ",")
	for (i = 1; i <= n; i++) group[$2 "/" files[i] ".go"] = $1
	names[++groups] = $1
	n = split(substr($4, 2), list, ",")
	for (i = 1; i <= n; i++) writes[$1, list[i]] = 1
	next
}
FILENAME ~ /functions$/ { # module/file.go:LINE: NAME PERCENT
	if (split($1, at, ":") < 2) next
	file = at[1]; sub(/^[^\/]*\/[^\/]*\/[^\/]*\//, "", file)
	starts[file] = starts[file] " " at[2]
	name[file, at[2]] = $2
	next
}
/^mode:/ { next }
{ # module/file.go:LINE.COLUMN,LINE.COLUMN STATEMENTS COUNT, once for each package
	colon = index($1, ":")
	file = substr($1, 1, colon - 1); sub(/^[^\/]*\/[^\/]*\/[^\/]*\//, "", file)
	if (!(file in group)) next
	place = substr($1, colon + 1)
	statements[file, place] = $2
	if ($3 > 0) reached[file, place] = 1
}
END {
	for (key in statements) {
		split(key, part, SUBSEP)
		split(part[2], line, ".")
		n = split(starts[part[1]], list, " ")
		found = ""; best = 0
		for (i = 1; i <= n; i++) if (list[i] + 0 <= line[1] + 0 && list[i] + 0 > best) { best = list[i] + 0; found = name[part[1], list[i]] }
		g = group[part[1]]
		if ((g, found) in writes) continue
		total[g] += statements[key]
		if (key in reached) hit[g] += statements[key]
		else if (verbose) printf "%s:%s %s\n", part[1], part[2], found >"/dev/stderr"
	}
	printf "%-8s %10s %8s %7s\n", "decoders", "statements", "reached", ""
	for (i = 1; i <= groups; i++) {
		g = names[i]
		printf "%-8s %10d %8d %6.1f%%\n", g, total[g], hit[g], 100 * hit[g] / total[g]
		if (hit[g] < 0.9 * total[g]) low = 1
	}
	exit low
}' "$dir/groups" "$dir/functions" "$dir/profile"
