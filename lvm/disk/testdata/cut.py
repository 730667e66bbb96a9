#!/usr/bin/python3
"""cut.py IMAGE OUT [HEAD]: the sectors of IMAGE that are not zero, of its first HEAD bytes (72
KiB), of its last 256 KiB, and the one at 16 KiB, 32 KiB, … 64 MiB, as gzip: 8 bytes with the
size of IMAGE, then for each sector 8 bytes with its number and its 512 bytes. All numbers are
little endian."""
import gzip, os, struct, sys

size = os.path.getsize(sys.argv[1])
head = int(sys.argv[3]) if len(sys.argv) > 3 else 72 << 10
ranges = [(0, head)] + [(16384 << n, (16384 << n) + 512) for n in range(13)] + [(max(0, size - (256 << 10)) & ~511, size)]
with open(sys.argv[1], 'rb') as f, gzip.GzipFile(sys.argv[2], 'wb', 9, mtime=0) as out:
    out.write(struct.pack('<Q', size))
    done = set()
    for start, end in ranges:
        for at in range(start, min(end, size), 512):
            f.seek(at)
            b = f.read(512).ljust(512, b'\0')
            if at not in done and any(b):
                out.write(struct.pack('<Q', at // 512) + b)
                done.add(at)
