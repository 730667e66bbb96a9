package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store"
)

// inventory lists the stores that this node uses, each once, and their maps. Where one cannot be reached, what
// it has is not known: that is an error, and upgrade-node goes on behind it when it is given again.
func (e *env) inventory(ctx context.Context) ([]cluster.StoreRecord, error) {
	settings, err := e.settings()
	if err != nil {
		return nil, err
	}
	file, err := cli.ReadConf(e.configPath(), e.confNamed())
	if err != nil {
		return nil, err
	}
	stores, err := nodeStores(file, settings)
	if err != nil {
		return nil, err
	}
	all := []cluster.StoreRecord{}
	for _, s := range stores {
		r, there, err := e.recordStore(ctx, s, settings)
		if err != nil {
			return nil, err
		}
		same := func(other cluster.StoreRecord) bool { return other.Address == r.Address }
		if there && !slices.ContainsFunc(all, same) {
			all = append(all, r)
		}
	}
	return all, nil
}

// nodeStore is a store that a node uses.
type nodeStore struct {
	address string // "" is the default one
	keys    s3Keys // of an S3 daemon
}

// nodeStores are a node's stores: that of maps, and those of its S3 daemons.
func nodeStores(file *conf.File, settings cluster.Settings) ([]nodeStore, error) {
	own, _ := file.Section("composer").Value("store")
	all := []nodeStore{{address: own}}
	for _, name := range file.Sections() {
		number, ok := strings.CutPrefix(name, "s3d.")
		n, err := strconv.Atoi(number)
		if !ok || err != nil {
			continue
		}
		section := file.Section(name)
		s := nodeStore{}
		if s.address, err = daemonStore(section, settings.Instance(n)); err != nil {
			return nil, err
		}
		s.keys = s3KeysOf(section, settings.Instance(n))
		if s.address != "" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all, nil
}

// daemonStore is the address of the bucket that an S3 daemon serves: what its section says wins over the cluster.
// "" where neither names one. Keys that only the daemon needs are not looked at: an upgrade does not stop for them.
func daemonStore(section *conf.Section, s cluster.S3Settings) (string, error) {
	text := s.Store
	if bucket, ok := section.Value("bucket"); ok {
		a := store.Address{Scheme: "s3", Bucket: bucket}
		a.Endpoint, _ = section.Value("endpoint")
		a.Region, _ = section.Value("region")
		prefix, _ := section.Value("prefix")
		a.Path = strings.Trim(prefix, "/")
		a.CA, _ = section.Value("ca")
		style, _ := section.Value("path_style")
		a.PathStyle = isYes(style)
		text = a.String()
	}
	if own, ok := section.Value("store"); ok {
		text = own
	}
	if text == "" {
		return "", nil
	}
	a, err := store.ParseAddress(text)
	if err != nil {
		return "", section.Error("store", err)
	}
	assume := s.AssumeNoVersioning
	if word, ok := section.Value("assume_no_versioning"); ok {
		assume = isYes(word)
	}
	if ca, ok := section.Value("ca"); ok && a.Scheme == "s3" && a.CA == "" {
		a.CA = ca
	}
	if assume && a.Scheme == "s3" { // such a service knows no call about versions
		a.Versioning = "assume"
	}
	return a.String(), nil
}

func isYes(word string) bool { return slices.Contains([]string{"true", "yes"}, strings.ToLower(word)) }

// open opens it. It is made by nobody.
func (s nodeStore) open(ctx context.Context, e *env, settings cluster.Settings) (*store.Store, error) {
	if s.keys == (s3Keys{}) {
		return openStore(ctx, e, settings, s.address, false)
	}
	a, err := store.ParseAddress(s.address)
	if err != nil {
		return nil, err
	}
	if a.Scheme != "s3" {
		return openStore(ctx, e, settings, s.address, false)
	}
	b, err := openS3As(ctx, e, a, s.keys)
	if err != nil {
		return nil, err
	}
	return openStoreOf(ctx, b, store.Options{Settings: a.Settings()})
}

// recordStore lists a store's maps. A store that nothing was ever registered in need not be there.
func (e *env) recordStore(ctx context.Context, s nodeStore, settings cluster.Settings) (r cluster.StoreRecord, there bool, err error) {
	st, err := s.open(ctx, e, settings)
	if errors.Is(err, store.ErrMissing) { // not a key or a socket that is missing: something is there then
		return cluster.StoreRecord{Address: s.address, Maps: []cluster.MapRecord{}}, s.address != "", nil
	}
	if err != nil {
		return r, false, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	r = cluster.StoreRecord{Address: st.Address(), Maps: []cluster.MapRecord{}}
	for l, err := range composer.List(ctx, st, "") {
		if err != nil {
			return r, false, fmt.Errorf("maps of %s: %w", st.Address(), err)
		}
		m := cluster.MapRecord{Name: l.Name}
		if l.Err != nil { // it is as it was, and "verify" tells
			m.Error = l.Err.Error()
		} else {
			m.Version, m.Size = l.Map.Version, uint64(l.Map.Size)
		}
		r.Maps = append(r.Maps, m)
	}
	return r, true, nil
}
