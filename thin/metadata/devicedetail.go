package metadata

import "encoding/binary"

// MaxDeviceID is the largest id of a thin device: MAX_DEV_ID, dm-thin.c.
const MaxDeviceID = 1<<24 - 1

const deviceDetailSize = 24

// DeviceDetail is struct disk_device_details of dm-thin-metadata.c.
type DeviceDetail struct {
	MappedBlocks    uint64
	TransactionID   uint64 // the pool's when the device was created
	CreationTime    uint32 // the pool's time when the device was created
	SnapshottedTime uint32 // and when a snapshot of it was last taken
}

func decodeDeviceDetail(b []byte) DeviceDetail {
	le := binary.LittleEndian
	return DeviceDetail{
		MappedBlocks:    le.Uint64(b),
		TransactionID:   le.Uint64(b[8:]),
		CreationTime:    le.Uint32(b[16:]),
		SnapshottedTime: le.Uint32(b[20:]),
	}
}

func appendDeviceDetail(b []byte, d DeviceDetail) []byte {
	le := binary.LittleEndian
	b = le.AppendUint64(b, d.MappedBlocks)
	b = le.AppendUint64(b, d.TransactionID)
	b = le.AppendUint32(b, d.CreationTime)
	return le.AppendUint32(b, d.SnapshottedTime)
}
