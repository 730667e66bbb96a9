package main

import (
	"strings"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/store"
)

// readS3Address is what bucket a daemon serves: that of its section, or else of the cluster's variable, which then is
// the whole address: only authorities, which are a file here, the section may name.
func readS3Address(r *conf.Reader, section *conf.Section, ours cluster.S3Settings) store.Address {
	a := store.Address{Scheme: "s3", Bucket: r.Text("bucket", ""), Endpoint: r.Text("endpoint", ""), Path: strings.Trim(r.Text("prefix", ""), "/"),
		Region: r.Text("region", ""), PathStyle: r.Bool("path-style", false), CA: r.Text("ca", "")}
	if a.Bucket != "" || r.Has("bucket") {
		return a
	}
	variable := section.Name() + ".store"
	if ours.Store == "" {
		r.Fail("bucket", "the section must name a bucket, or the cluster's %s", variable)
		return a
	}
	for _, key := range []string{"endpoint", "prefix", "region", "path-style"} {
		if r.Has(key) {
			r.Fail(key, "the bucket is that of %s, which says this too: name the bucket here, or leave this out", variable)
		}
	}
	whole, err := store.ParseAddress(ours.Store)
	switch {
	case err != nil:
		r.Fail("bucket", "%s: %v", variable, err)
		return a
	case whole.Scheme != "s3":
		r.Fail("bucket", "%s is no bucket of S3", variable)
		return a
	}
	if a.CA != "" {
		whole.CA = a.CA
	}
	return whole
}
