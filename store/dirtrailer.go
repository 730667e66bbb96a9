package store

import (
	"crypto/rand"
	"encoding/hex"
	"time"

	"golang.org/x/sys/unix"
)

// A trailer is behind the body in each file: a magic number, and random bytes that are the object's version. Times
// and inode numbers of files would not do: clocks are coarse, and numbers are used again.
const (
	trailerMagic = "RKO1"
	trailerSize  = 16
)

// newTrailer makes the trailer of new content.
func newTrailer() []byte {
	t := append(make([]byte, 0, trailerSize), trailerMagic...)
	t = t[:trailerSize]
	_, _ = rand.Read(t[len(trailerMagic):]) // never fails: it ends the process instead
	return t
}

func trailerVersion(trailer []byte) string { return hex.EncodeToString(trailer[len(trailerMagic):]) }

// readInfo reads what a file says of the object, and when it got its place. Errors match [ErrCorrupt] where it has no
// trailer.
func readInfo(file handle) (Info, time.Time, error) {
	st, err := file.stat()
	if err != nil {
		return Info{}, time.Time{}, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return Info{}, time.Time{}, damaged("not a regular file")
	}
	var trailer [trailerSize]byte
	size := st.Size - trailerSize
	if size < 0 {
		return Info{}, time.Time{}, damaged("a file of %d bytes has no trailer", st.Size)
	}
	if _, err := file.readFull(trailer[:], size); err != nil {
		return Info{}, time.Time{}, err
	}
	if string(trailer[:len(trailerMagic)]) != trailerMagic {
		return Info{}, time.Time{}, damaged("the file has no trailer")
	}
	return Info{Size: size, Version: trailerVersion(trailer[:]), Modified: time.Unix(st.Mtim.Unix())}, time.Unix(st.Ctim.Unix()), nil
}
