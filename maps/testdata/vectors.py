#!/usr/bin/env python3
"""vectors.py > vectors.json: maps as docs/map-format.md has them, by an implementation of their own.

It shares nothing with package maps but that page. It needs Python 3 and nothing else.
"""
import hashlib
import json
import struct

WIDTH = 8192


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


# BLAKE3, hash mode, after its specification: https://github.com/BLAKE3-team/BLAKE3-specs
IV = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]
ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
MIXED = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]
START, END, PARENT, ROOT = 1, 2, 4, 8


def rotated(x, n):
    return (x >> n | x << (32 - n)) & 0xFFFFFFFF


def compress(cv, block, counter, flags):
    m = list(struct.unpack("<16I", block.ljust(64, b"\0")))
    v = cv + IV[:4] + [counter & 0xFFFFFFFF, counter >> 32, len(block) if not flags & PARENT else 64, flags]
    for _ in range(7):
        for i, (a, b, c, d) in enumerate(MIXED):
            for word, r1, r2 in ((m[2 * i], 16, 12), (m[2 * i + 1], 8, 7)):
                v[a] = (v[a] + v[b] + word) & 0xFFFFFFFF
                v[d] = rotated(v[d] ^ v[a], r1)
                v[c] = (v[c] + v[d]) & 0xFFFFFFFF
                v[b] = rotated(v[b] ^ v[c], r2)
        m = [m[i] for i in ORDER]
    return [v[i] ^ v[i + 8] for i in range(8)]


def blake3_tree(data, first, root):
    if len(data) <= 1024:
        blocks = [data[i:i + 64] for i in range(0, len(data), 64)] or [b""]
        cv = IV
        for i, block in enumerate(blocks):
            flags = (START if i == 0 else 0) | ((END | root) if i == len(blocks) - 1 else 0)
            cv = compress(cv, block, first, flags)
        return cv
    left = 1024
    while left * 2 < len(data):
        left *= 2
    pair = blake3_tree(data[:left], first, 0) + blake3_tree(data[left:], first + left // 1024, 0)
    return compress(IV, struct.pack("<16I", *pair), 0, PARENT | root)


def blake3(data):
    return struct.pack("<8I", *blake3_tree(data, 0, ROOT))


HASHES = {1: lambda data: hashlib.sha256(data).digest(), 2: blake3}


def group(ids, width):
    """ids is a dictionary from places to ids."""
    bitmap = bytearray(width // 8)
    for i in ids:
        bitmap[i // 8] |= 1 << i % 8
    return bytes(bitmap) + b"".join(ids[i] for i in sorted(ids))


def cut(ids, width):
    """The places of a level as groups, by the group's number."""
    groups = {}
    for i in sorted(ids):
        groups.setdefault(i // width, {})[i % width] = ids[i]
    return groups


def vector(name, version, degree_log2, hash_id, block_log2, size, blocks, attributes=()):
    H = HASHES[hash_id]
    n = -(-size // (1 << block_log2))
    ids = {i: H(content.encode()) for i, content in blocks.items()}
    objects = {}

    def put(data):
        objects[H(data).hex()] = data.hex()
        return H(data)

    height = 0
    if degree_log2:
        height = 1
        while (1 << degree_log2 * height) < n:
            height += 1
    head = (b"RKM%d" % version) + struct.pack(">HHBBBBIQ", version, 28 if version == 3 else 68, hash_id, block_log2, degree_log2, height, 1, size)
    body = bytes(32)
    if version == 4 and not degree_log2:
        for number, places in cut(ids, WIDTH).items():
            body = put(b"RKP4" + struct.pack(">Q", number) + body + group(places, WIDTH))
    if degree_log2:
        level, below, count = 0, ids, {i: 1 for i in ids}
        while level < height:
            above, sums = {}, {}
            for number, places in cut(below, 1 << degree_log2).items():
                sums[number] = sum(count[(number << degree_log2) + i] for i in places)
                above[number] = put(b"RKN4" + struct.pack(">BBHQ", level, degree_log2, len(places), sums[number]) + group(places, 1 << degree_log2))
            level, below, count = level + 1, above, sums
        body = below.get(0, body)
    if version == 4:
        head += struct.pack(">Q", len(ids)) + body
    head += struct.pack(">I", crc32c(head))
    pairs = b""
    for key, value in attributes:
        pairs += struct.pack(">B", len(key)) + key.encode() + struct.pack(">H", len(value)) + value.encode()
    section = struct.pack(">I", len(pairs)) + pairs
    section += struct.pack(">I", crc32c(section))
    rest, root = b"", H(head)
    if version == 3:
        for number, places in cut(ids, WIDTH).items():
            rest += struct.pack(">Q", number) + group(places, WIDTH)
        rest += struct.pack(">QQ", 2**64 - 1, len(ids))
        root = H(head + rest)
        rest += root
    return {
        "name": name, "version": version, "degree": 1 << degree_log2 if degree_log2 else 0, "hash": hash_id,
        "block_size": 1 << block_log2, "size": size,
        "attributes": [list(a) for a in attributes],
        "blocks": [{"index": i, "content": blocks[i], "id": ids[i].hex()} for i in sorted(blocks)],
        "map": (head + section + rest).hex(), "root": root.hex(), "objects": objects,
    }


def main():
    few = {0: "first", 1: "second", 17: "first", 300: "last"}
    end = 299 * 65536 + 65536 + 4
    said = (("label", "nightly"), ("source", "vg0/data"))
    all = []
    for hash_id, name in ((1, "sha256"), (2, "blake3")):
        for version, shift in ((3, 0), (4, 0), (4, 4), (4, 5), (4, 7), (4, 10)):
            form = f"v{version} " + (f"tree of {1 << shift}" if shift else "flat")
            all.append(vector(f"{form}, {name}: four blocks, the last cut", version, shift, hash_id, 16, end, few, said))
            all.append(vector(f"{form}, {name}: zeros", version, shift, hash_id, 22, 1 << 42, {}))
            all.append(vector(f"{form}, {name}: no size", version, shift, hash_id, 24, 0, {}))
            if shift in (0, 4):
                far = {0: "a", 8191: "b", 8192: "c", 40000: "d"}
                all.append(vector(f"{form}, {name}: several pages", version, shift, hash_id, 22, 40001 << 22, far))
                last = (2**63 - 1) >> 16
                all.append(vector(f"{form}, {name}: the largest", version, shift, hash_id, 16, 2**63 - 1, {last: "end"}))
    print(json.dumps(all, indent=1))


main()
