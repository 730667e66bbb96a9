package s3

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/rok-storage/rok/store"
)

// Config is where a bucket is, and how it is spoken to.
type Config struct {
	// Endpoint is "https://HOST[:PORT]", or "http://…" for a service that has no TLS. "" is Amazon's.
	Endpoint string
	Bucket   string
	Prefix   string // of all keys; a slash comes behind it. "" is none
	Region   string // "" asks the service
	// PathStyle puts the bucket's name into the path also where the service has host
	// names for buckets.
	PathStyle bool
	// CA is PEM text of authorities that are trusted beside the system's.
	CA          []byte
	Credentials Credentials
	Versioning  Versioning
	Limits      Limits
	// Log hears of each request that is to be repeated; nil: nobody does. It may be called by
	// several goroutines at once.
	Log func(Retry)
}

// Versioning is what is done about versions of objects.
type Versioning uint8

// The kinds of [Versioning].
const (
	// Auto asks the bucket. Where it has or had versions, all of what is deleted are deleted.
	// Where the service does not know the question: [VersioningError].
	Auto Versioning = iota
	// Off asks too, and refuses a bucket whose versioning is enabled. Deletes are plain.
	Off
	// Assume assumes that there are no versions: no request about them is ever made.
	Assume
)

// Limits bound connections and times. Zero values are defaults.
type Limits struct {
	Connections int           // at most, to the service; 16
	Idle        time.Duration // how long an unused connection is kept; 60 s
	// Request is how long a request without a body may take; 30 s. Bytes add to that by Rate.
	Request time.Duration
	Rate    int64 // bytes per second that a body moves at least; 128 KiB
	// Total is how long a call goes on repeating requests; 2 min.
	Total time.Duration
	// First and Longest are the waits before the first repetition, and the longest one; 200 ms, 20 s. Each
	// wait is up to twice the one before, and random from a half of it on.
	First, Longest time.Duration
}

func (l Limits) withDefaults() Limits {
	set := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	set(&l.Idle, time.Minute)
	set(&l.Request, 30*time.Second)
	set(&l.Total, 2*time.Minute)
	set(&l.First, 200*time.Millisecond)
	set(&l.Longest, 20*time.Second)
	if l.Connections <= 0 {
		l.Connections = 16
	}
	if l.Rate <= 0 {
		l.Rate = 128 << 10
	}
	return l
}

// timeFor is how long a request may take that moves that many bytes.
func (l Limits) timeFor(size int64) time.Duration {
	return l.Request + time.Duration(float64(size)/float64(l.Rate)*float64(time.Second))
}

const amazon = "https://s3.amazonaws.com"

// endpoint is the host to speak to, and whether with TLS.
func (c *Config) endpoint() (host string, secure bool, err error) {
	text := c.Endpoint
	if text == "" {
		text = amazon
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", false, fmt.Errorf("s3: endpoint: %w", hideURL(err))
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.Path != "" && u.Path != "/", u.RawQuery != "", u.User != nil:
		return "", false, fmt.Errorf("s3: endpoint of bucket %s: want https://HOST[:PORT] and nothing else: %w", c.Bucket, store.ErrName)
	}
	return u.Host, u.Scheme == "https", nil
}

// hideURL takes away what url.Parse quotes, which may have a password in it.
func hideURL(err error) error {
	if e, ok := err.(*url.Error); ok {
		return e.Err
	}
	return err
}

// address is what [Bucket.Address] says.
func (c *Config) address() string {
	query := url.Values{}
	if c.Endpoint != "" {
		query.Set("endpoint", c.Endpoint)
	}
	if c.Region != "" {
		query.Set("region", c.Region)
	}
	u := url.URL{Scheme: "s3", Host: c.Bucket, RawQuery: query.Encode()}
	if c.Prefix != "" {
		u.Path = "/" + strings.Trim(c.Prefix, "/")
	}
	return u.String()
}
