package dm

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKey(t *testing.T) {
	secret := KeyOf([]byte{0xde, 0xad, 0xbe, 0xef})
	require.Equal(t, Key("deadbeef"), secret)
	for _, test := range []struct {
		name, want string
		key        Key
	}{
		{"none", "", ""},
		{"secret", "00000000", secret},
		{"in the keyring", ":32:logon:rok:1", KeyringKey(32, KeyLogon, "rok:1")},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, Key(test.want), test.key.Redact())
			for _, verb := range []string{"%v", "%+v", "%s", "%x", "%X", "%d"} {
				require.Equal(t, test.want, fmt.Sprintf(verb, test.key), verb)
			}
			for _, verb := range []string{"%q", "%#v"} {
				require.Equal(t, `"`+test.want+`"`, fmt.Sprintf(verb, test.key), verb)
			}
			doc, err := json.Marshal(test.key)
			require.NoError(t, err)
			require.Equal(t, `"`+test.want+`"`, string(doc))
		})
	}
}

func TestRedactText(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"words", " allow_discards sector_size:4096", " allow_discards sector_size:4096"},
		{"digits", "x 0123456789abcdefABCDEF0123 y", "x 00000000000000000000000000 y"},
		{"few digits", "0123456789abcde", "0123456789abcde"},
		{"digits at both ends", "x0123456789abcdef0g1", "x00000000000000000g1"},
		{"behind the second colon", "journal_new:hmac(sha1):0a:b 8:1", "journal_new:hmac(sha1):0000 8:1"},
	} {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, redactText(test.text)) })
	}
}
