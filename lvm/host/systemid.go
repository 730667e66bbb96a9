package host

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// appID is the id under which lvm2 asks systemd for the machine's id:
// LVM_APPLICATION_ID of lib/commands/toolcontext.c.
const appID = "f64406832c2140e8ac5422d1089aae03"

// maxSystemID is NAME_LEN of lib/misc/lvm-string.h.
const maxSystemID = 128

// systemIDs reads the host's own system id and the others that it may use.
// Where the source says nothing, the host has no system id, as for lvm2, which
// warns.
func (r *settingReader) systemIDs(cfg *Config) (own string, extra []string) {
	for _, id := range r.list("local/extra_system_ids") {
		if id = cleanSystemID(id); id != "" {
			extra = append(extra, id)
		}
	}
	const source = "global/system_id_source"
	switch strings.ToLower(r.text(source, "none")) {
	case "none":
	case "uname":
		own = cfg.Node
	case "lvmlocal":
		own = r.text("local/system_id", "")
	case "machineid":
		own = machineID(cfg.MachineID)
	case "appmachineid":
		own = appMachineID(machineID(cfg.MachineID))
	case "file":
		path := r.text("global/system_id_file", "")
		if path != "" && !filepath.IsAbs(path) {
			r.fault("global/system_id_file", errors.New("not an absolute path"))
			break
		}
		own = systemIDFile(path)
	default:
		r.fault(source, errors.New("none of none, uname, machineid, appmachineid, lvmlocal, file"))
	}
	own = cleanSystemID(own)
	if strings.HasPrefix(own, "localhost") { // lvm2 takes it for no name
		own = ""
	}
	return own, extra
}

// MayUse reports whether a VG with the given system id is this host's to use.
func (s *Settings) MayUse(systemID string) bool {
	if systemID == "" || systemID == s.SystemID {
		return true
	}
	for _, id := range s.ExtraSystemIDs {
		if id == systemID {
			return true
		}
	}
	return false
}

// cleanSystemID drops what lvm2 drops: characters other than letters, digits,
// '.', '_', '-' and '+', those in front of the first letter or digit, and what
// is too long.
func cleanSystemID(id string) string {
	var b []byte
	for _, c := range []byte(id) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if letter || len(b) > 0 && strings.IndexByte("._-+", c) >= 0 {
			b = append(b, c)
		}
	}
	return string(b[:min(len(b), maxSystemID)])
}

// systemIDFile reads the first line that is more than a comment.
func systemIDFile(path string) string {
	src, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(src)) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}

func machineID(path string) string {
	src, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(src))
}

// appMachineID is sd_id128_get_machine_app_specific(3).
func appMachineID(machine string) string {
	key, err := hex.DecodeString(machine)
	if err != nil || len(key) != 16 {
		return ""
	}
	app, _ := hex.DecodeString(appID)
	mac := hmac.New(sha256.New, key)
	mac.Write(app)
	id := mac.Sum(nil)[:16]
	id[6] = id[6]&0x0f | 0x40 // a UUID of version 4
	id[8] = id[8]&0x3f | 0x80
	return hex.EncodeToString(id)
}
