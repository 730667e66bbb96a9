package composer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/maps"
)

// verifyState is how far a run has come that reads blocks, in a file that the next one goes on with. The
// nil state is that of a run that reads none.
type verifyState struct {
	path  string
	Store string   `json:"store"`
	Deep  bool     `json:"deep"`
	Maps  []string `json:"maps"`
	Next  int      `json:"next"` // the first shard that was not read
	Bad   []string `json:"bad"`  // blocks
}

// openVerifyState is the state of a run that reads blocks.
func openVerifyState(r VerifyRequest, store string) (*verifyState, error) {
	if !r.Deep { // a sample is another one each time
		return nil, nil
	}
	s := &verifyState{path: filepath.Join(r.Dir, "verify.json"), Store: store, Deep: r.Deep, Maps: r.Names}
	if !r.Resume {
		return s, nil
	}
	text, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	var old verifyState
	if json.Unmarshal(text, &old) != nil || old.Store != s.Store || old.Deep != s.Deep || !slices.Equal(old.Maps, s.Maps) || old.Next > 256 {
		return s, nil // of another run
	}
	old.path = s.path
	return &old, nil
}

// has tells that a former run read the blocks of a shard.
func (s *verifyState) has(shard int) bool { return s != nil && shard < s.Next }

// done notes that all shards up to one are read.
func (s *verifyState) done(shard int, bad map[maps.Object]error) error {
	if s == nil {
		return nil
	}
	s.Next = shard + 1
	for o := range bad {
		if text := o.ID.String(); o.Kind == maps.Block && len(s.Bad) < hurtKept && !slices.Contains(s.Bad, text) {
			s.Bad = append(s.Bad, text)
		}
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return writeWhole(s.path, text)
}

// again are the blocks that a former run found bad.
func (s *verifyState) again() []blockName {
	if s == nil {
		return nil
	}
	var all []blockName
	for _, text := range s.Bad {
		if id, err := maps.ParseID(text); err == nil {
			all = append(all, blockName{id: id})
		}
	}
	return all
}

// end forgets the state of a run that is complete.
func (s *verifyState) end() error {
	if s == nil {
		return nil
	}
	if err := os.Remove(s.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// seed is one that nobody chose.
func seed() *rand.ChaCha8 {
	var b [32]byte
	ioctl.ReadRandom(b[:])
	return rand.NewChaCha8(b)
}

func sortBad(all []BadObject) {
	slices.SortFunc(all, func(a, b BadObject) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), bytes.Compare(a.ID[:], b.ID[:]))
	})
}
