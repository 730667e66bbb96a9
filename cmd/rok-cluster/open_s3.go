package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/s3"
)

// openS3 opens the bucket of an address.
func openS3(ctx context.Context, e *env, a store.Address) (store.Bucket, error) {
	return openS3As(ctx, e, a, s3Keys{})
}

// openS3As is openS3 with the keys of a daemon.
func openS3As(ctx context.Context, e *env, a store.Address, keys s3Keys) (store.Bucket, error) {
	c := s3.Config{Endpoint: a.Endpoint, Bucket: a.Bucket, Prefix: a.Path, Region: a.Region, PathStyle: a.PathStyle}
	switch a.Versioning {
	case "off":
		c.Versioning = s3.Off
	case "assume":
		c.Versioning = s3.Assume
	}
	c.Log = func(r s3.Retry) { e.log(retryLine(r)) }
	if err := e.completeS3(&c, a.CA, keys); err != nil {
		return nil, err
	}
	b, err := s3.New(ctx, c)
	var versioning *s3.VersioningError
	if errors.As(err, &versioning) {
		versioning.Remedy = "add versioning=assume to the store's address"
		if !versioning.Unknown {
			versioning.Remedy = "take versioning=off out of the store's address"
		}
	}
	if err != nil {
		return nil, err // and no *s3.Bucket in an interface
	}
	return b, nil
}

// maxCA is more than all authorities of a system have.
const maxCA = 4 << 20

// completeS3 gives a bucket what is found in files and in the environment, as Amazon's tools find it: the keys, the region, and
// authorities.
func (e *env) completeS3(c *s3.Config, ca string, keys s3Keys) error {
	c.Credentials = s3.Credentials{
		AccessKey: e.getenv("AWS_ACCESS_KEY_ID"), SecretKey: e.getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: e.getenv("AWS_SESSION_TOKEN"),
		File: e.getenv("AWS_SHARED_CREDENTIALS_FILE"), Profile: e.getenv("AWS_PROFILE"),
		Role: e.getenv("AWS_EC2_METADATA_DISABLED") != "true",
	}
	if home := e.homeDir(); c.Credentials.File == "" && home != "" {
		c.Credentials.File = filepath.Join(home, ".aws", "credentials")
	}
	c.Credentials = keys.over(c.Credentials)
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if c.Region == "" {
			c.Region = e.getenv(name)
		}
	}
	if ca == "" {
		return nil
	}
	f, err := os.Open(ca)
	if err != nil {
		return fmt.Errorf("authorities: %w", err)
	}
	defer f.Close()
	if c.CA, err = io.ReadAll(io.LimitReader(f, maxCA)); err != nil {
		return fmt.Errorf("authorities: %w", err)
	}
	return nil
}

// homeDir is the user's home; "" where nobody knows. Services of root have no HOME from systemd.
func (e *env) homeDir() string {
	home := e.getenv("HOME")
	if home == "" && e.home != nil {
		home = e.home()
	}
	return home
}

// log tells of what goes on, unless nobody wants to hear.
func (e *env) log(line string) {
	if !e.quiet && e.stderr != nil {
		fmt.Fprintln(e.stderr, line)
	}
}

func retryLine(r s3.Retry) string {
	return fmt.Sprintf("s3: %s: attempt %d failed, the next in %v: %v", strings.TrimSpace(r.Op+" "+r.Key), r.Attempt, r.Wait.Round(time.Millisecond), r.Cause)
}
