package main

import (
	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/store/s3"
)

// s3Keys are the keys that an S3 daemon has of its own; zero: those that everybody has. Access and Secret
// win over File, and are both there or neither.
type s3Keys struct {
	File, Profile string
	Access        string
	Secret        cluster.Secret
}

// s3KeysOf are those of a section: its file of credentials, or its access key with the cluster's secret key. A secret
// key alone is none: the usual chain is asked.
func s3KeysOf(section *conf.Section, ours cluster.S3Settings) s3Keys {
	var k s3Keys
	k.File, _ = section.Value("credentials")
	k.Profile, _ = section.Value("profile")
	access, _ := section.Value("access-key")
	if k.File == "" && access != "" && ours.SecretKey != "" {
		k.Access, k.Secret = access, ours.SecretKey
	}
	return k
}

// readS3Keys is s3KeysOf for the daemon, which does not start where the section asks for keys that there are not.
func readS3Keys(r *conf.Reader, section *conf.Section, ours cluster.S3Settings) s3Keys {
	_, _, _ = r.Text("credentials", ""), r.Text("profile", ""), r.Text("access-key", "")
	switch {
	case !r.Has("access-key"):
	case r.Has("credentials"):
		r.Fail("access-key", "the section names a file of credentials, too: want one of both")
	case ours.SecretKey == "":
		r.Fail("access-key", "its secret key is not there: set %s.secret_key with rok-config, and apply", section.Name())
	}
	return s3KeysOf(section, ours)
}

// over are credentials where these keys win.
func (k s3Keys) over(c s3.Credentials) s3.Credentials {
	switch {
	case k.Access != "":
		return s3.Credentials{AccessKey: k.Access, SecretKey: string(k.Secret)}
	case k.File != "":
		c = s3.Credentials{File: k.File}
	}
	if k.Profile != "" {
		c.Profile = k.Profile
	}
	return c
}
