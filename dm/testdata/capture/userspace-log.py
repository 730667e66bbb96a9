#!/usr/bin/env python3
# The daemon behind a mirror's "userspace" log, as far as mirror.sh needs one:
# every region is clean, nothing is to be done, and a question for the log's
# status is answered with an error, so that what is captured is the kernel's.
# Messages: include/uapi/linux/dm-log-userspace.h and connector.h.
import socket
import struct

NETLINK_CONNECTOR, CN_IDX_DM, CN_VAL_LOG = 11, 7, 1
REGION_SIZE, IS_CLEAN, IN_SYNC, SYNC_COUNT, STATUS_INFO = 6, 7, 8, 14, 15
NLMSG_DONE, EIO = 3, 5
CN = struct.Struct("IIIIHH")
NL = struct.Struct("IHHII")
REQUEST = struct.Struct("Q129s3xIiIII")

s = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_CONNECTOR)
s.bind((0, 1 << (CN_IDX_DM - 1)))
while True:
    packet = s.recv(65536)
    idx, val, seq, ack, size, flags = CN.unpack_from(packet, NL.size)
    luid, uuid, version, error, number, kind, _ = REQUEST.unpack_from(packet, NL.size + CN.size)
    answer = {
        REGION_SIZE: struct.pack("Q", 1024),
        IS_CLEAN: struct.pack("q", 1),
        IN_SYNC: struct.pack("q", 1),
        SYNC_COUNT: struct.pack("Q", 4),
    }.get(kind & 0xFF, b"\0" * 16 if kind & 0xFF in (12, 17) else b"")
    error = -EIO if kind & 0xFF == STATUS_INFO else 0
    body = REQUEST.pack(luid, uuid, version, error, number, kind, len(answer)) + answer
    body = CN.pack(CN_IDX_DM, CN_VAL_LOG, seq, ack + 1, len(body), 0) + body
    s.sendto(NL.pack(NL.size + len(body), NLMSG_DONE, 0, 0, 0) + body, (0, 0))
