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
	file, err := readConf(e.configPath(), e.confNamed())
	if err != nil {
		return nil, err
	}
	addresses, err := nodeStores(file, settings)
	if err != nil {
		return nil, err
	}
	all := []cluster.StoreRecord{}
	for _, address := range addresses {
		r, there, err := e.recordStore(ctx, address)
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

// nodeStores are the addresses of a node's stores: that of maps, "" for the default one, and those of its S3
// daemons.
func nodeStores(file *conf.File, settings cluster.Settings) ([]string, error) {
	own, _ := file.Section("composer").Value("store")
	all := []string{own}
	for _, name := range file.Sections() {
		number, ok := strings.CutPrefix(name, "s3d.")
		n, err := strconv.Atoi(number)
		if !ok || err != nil {
			continue
		}
		address, err := daemonStore(file.Section(name), settings.Instance(n))
		if err != nil {
			return nil, err
		}
		if address != "" && !slices.Contains(all, address) {
			all = append(all, address)
		}
	}
	return all, nil
}

// daemonStore is the address of the bucket that an S3 daemon serves: what its section says wins over the cluster.
// "" where neither names one.
func daemonStore(section *conf.Section, s cluster.S3Settings) (string, error) {
	text := s.Store
	if bucket, ok := section.Value("bucket"); ok {
		a := store.Address{Scheme: "s3", Bucket: bucket}
		a.Endpoint, _ = section.Value("endpoint")
		a.Region, _ = section.Value("region")
		prefix, _ := section.Value("prefix")
		a.Path = strings.Trim(prefix, "/")
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
		return "", &cli.Error{Err: section.Error("store", err), Code: cli.Usage}
	}
	assume := s.AssumeNoVersioning
	if word, ok := section.Value("assume_no_versioning"); ok {
		assume = slices.Contains([]string{"true", "yes"}, strings.ToLower(word))
	}
	if assume && a.Scheme == "s3" { // such a service knows no call about versions
		a.Versioning = "assume"
	}
	return a.String(), nil
}

// recordStore lists a store's maps. A store that nothing was ever registered in need not be there.
func (e *env) recordStore(ctx context.Context, address string) (r cluster.StoreRecord, there bool, err error) {
	st, err := openStore(ctx, e, address, false)
	if errors.Is(err, store.ErrMissing) { // not a key or a socket that is missing: something is there then
		return cluster.StoreRecord{Address: address, Maps: []cluster.MapRecord{}}, address != "", nil
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
