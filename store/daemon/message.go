package daemon

import (
	"time"

	"github.com/rok-storage/rok/store"
)

// protocol is the version of all below. Client and server must have the same.
const protocol = 1

// hello is what both say first; of the server, with what it refuses the client for.
type hello struct {
	Protocol int    `json:"protocol"`
	Fault    *fault `json:"error,omitempty"`
}

// The operations of a request.
const (
	opGet    = "get"
	opStat   = "stat"
	opPut    = "put"
	opList   = "list"
	opDelete = "delete"
)

// request is a call. Behind that of a put come its bytes.
type request struct {
	Op      string   `json:"op"`
	Key     string   `json:"key,omitempty"`
	Keys    []string `json:"keys,omitempty"`   // delete
	Prefix  []byte   `json:"prefix,omitempty"` // list, superseded; in base64, as it need not be whole characters
	Offset  int64    `json:"offset,omitempty"` // get
	Length  int64    `json:"length,omitempty"` // get: at most so many
	Size    int64    `json:"size,omitempty"`   // put: bytes that come
	Absent  bool     `json:"absent,omitempty"` // put
	Version string   `json:"version,omitempty"`
}

// reply ends an answer. Behind that of a get come Length bytes.
type reply struct {
	Fault  *fault `json:"error,omitempty"`
	Info   entry  `json:"info"`
	Length int64  `json:"length,omitempty"`
	Kept   bool   `json:"kept,omitempty"` // conditional
	// Objects and Bytes are what was freed (superseded).
	Objects int64 `json:"objects,omitempty"`
	Bytes   int64 `json:"bytes,omitempty"`
}

// entry is a store.Info.
type entry struct {
	Key      string    `json:"key,omitempty"`
	Size     int64     `json:"size"`
	Version  string    `json:"version,omitempty"`
	Modified time.Time `json:"modified"`
}

func entryOf(i store.Info) entry { return entry(i) }

func (e entry) info() store.Info { return store.Info(e) }
