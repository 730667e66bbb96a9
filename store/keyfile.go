package store

import (
	"bytes"
	"encoding/hex"
	"errors"
)

// ParseKey reads what a key file has: [KeySize] bytes, or twice as many hexadecimal digits, behind which
// a line may end.
func ParseKey(file []byte) ([]byte, error) {
	if len(file) == KeySize {
		return bytes.Clone(file), nil
	}
	key, err := hex.DecodeString(string(bytes.TrimSuffix(bytes.TrimSuffix(file, []byte("\n")), []byte("\r"))))
	if err != nil || len(key) != KeySize { // err repeats what is in the file
		return nil, errors.New("store: key file: want 32 bytes, or 64 hexadecimal digits")
	}
	return key, nil
}
