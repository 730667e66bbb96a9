package s3

import (
	"fmt"
	"net/http"

	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/rok-storage/rok/store"
)

// Credentials are where the keys come from: those given here, else a file as Amazon's tools have it, else
// the machine's role. It prints as what it has, and never as the keys.
type Credentials struct {
	AccessKey, SecretKey, SessionToken string

	File    string // "" is none
	Profile string // of the file; "" is "default"
	// Role asks the machine's metadata service, or the token that Kubernetes gives.
	Role bool
}

// String says where the keys come from.
func (c Credentials) String() string {
	return fmt.Sprintf("{keys given: %t, file: %q, profile: %q, role: %t}", c.AccessKey != "", c.File, c.Profile, c.Role)
}

// Format keeps the keys from all of fmt's verbs.
func (c Credentials) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// MarshalText keeps the keys from encoders and loggers.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// provider is the chain. It fails with [store.ErrDenied] where there are no keys.
func (c Credentials) provider(transport http.RoundTripper) (*credentials.Credentials, error) {
	var chain []credentials.Provider
	if c.AccessKey != "" {
		chain = append(chain, &credentials.Static{Value: credentials.Value{
			AccessKeyID: c.AccessKey, SecretAccessKey: c.SecretKey, SessionToken: c.SessionToken, SignerType: credentials.SignatureV4,
		}})
	}
	if c.File != "" {
		profile := c.Profile
		if profile == "" {
			profile = "default"
		}
		chain = append(chain, &credentials.FileAWSCredentials{Filename: c.File, Profile: profile})
	}
	if c.Role {
		chain = append(chain, &credentials.IAM{Client: &http.Client{Transport: http.DefaultTransport}})
	}
	keys := credentials.NewChainCredentials(chain)
	value, err := keys.GetWithContext(&credentials.CredContext{Client: &http.Client{Transport: transport}})
	switch {
	case err != nil:
		return nil, fmt.Errorf("no keys: %w: %w", err, store.ErrDenied)
	case value.AccessKeyID == "" || value.SecretAccessKey == "":
		return nil, fmt.Errorf("no keys in %s: %w", c, store.ErrDenied)
	}
	return keys, nil
}
