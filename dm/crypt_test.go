package dm

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCryptTable(t *testing.T) {
	sdb := BlockDev{Path: "/dev/sdb"}
	testTables(t, []tableCase{
		{"a key", Crypt{
			Cipher: "aes-cbc-essiv:sha256", Key: KeyOf(bytes.Repeat([]byte{0xba, 0xbe}, 8)), Dev: sdb,
		}, "aes-cbc-essiv:sha256 babebabebabebabebabebabebabebabe 0 /dev/sdb 0"},
		{"a key of the keyring", Crypt{
			Cipher: "aes-cbc-essiv:sha256", Key: KeyringKey(32, KeyLogon, "my_prefix:my_key"), Dev: sdb,
		}, "aes-cbc-essiv:sha256 :32:logon:my_prefix:my_key 0 /dev/sdb 0"},
		{"no key", Crypt{Cipher: "cipher_null-ecb", Dev: num(0)}, "cipher_null-ecb - 0 7:0 0"},
		{"every option", Crypt{
			Cipher: "capi:authenc(hmac(sha256),xts(aes))-random", Key: "00ff", IVOffset: 8, Dev: num(0), Offset: 16,
			AllowDiscards: true, SameCPUCrypt: true, HighPriority: true, SubmitFromCryptCPUs: true,
			NoReadWorkqueue: true, NoWriteWorkqueue: true, Integrity: CryptIntegrity{48, CryptAEAD},
			SectorSize: 4096, IVLargeSectors: true, IntegrityKeySize: 32,
		}, "capi:authenc(hmac(sha256),xts(aes))-random 00ff 8 7:0 16 10 allow_discards same_cpu_crypt high_priority " +
			"submit_from_crypt_cpus no_read_workqueue no_write_workqueue integrity:48:aead sector_size:4096 " +
			"iv_large_sectors integrity_key_size:32"},
		{"an option of tomorrow", Crypt{
			Cipher: "aes-ecb", Key: "00", Dev: num(0), AllowDiscards: true, Other: []string{"sector_size:0512", "x"},
		}, "aes-ecb 00 0 7:0 0 3 allow_discards sector_size:0512 x"},
	})
	testRefused(t, map[string]Target{
		"no device":      Crypt{Cipher: "aes-ecb"},
		"no cipher":      Crypt{Dev: num(0)},
		"two words":      Crypt{Cipher: "aes ecb", Dev: num(0)},
		"no type of tag": Crypt{Cipher: "aes-ecb", Dev: num(0), Integrity: CryptIntegrity{TagSize: 1}},
	})
	testBadLines(t, "table", "crypt", map[string]int{
		"": 1, "aes": 2, "aes 00 0 7:0": 5, "aes 00 0 - 0": 4, "aes 00 0 7:0 0 1": 7,
		"aes 00 0 7:0 0 2 iv_large_sectors sector_size:512": 8,
	})
}

func TestCryptErrorsHideTheKey(t *testing.T) {
	_, err := Crypt{Cipher: "aes-ecb", Dev: num(0), Key: "dead beef"}.AppendParams(nil)
	require.ErrorContains(t, err, "key: ")
	require.NotContains(t, err.Error(), "dead")
	_, err = Crypt{Cipher: "aes-ecb", Key: "deadbeef"}.AppendParams(nil)
	require.ErrorIs(t, err, errNoDevice)
	_, err = ParseTarget("crypt", "aes-ecb deadbeef\t 0 7:0 0")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "dead")
}

func TestCryptRedact(t *testing.T) {
	secret := Crypt{
		Cipher: "aes-ecb", Key: "deadbeefdeadbeef", Dev: num(0),
		Other: []string{"new:alg:1234"}, Extra: " 0123456789abcdef",
	}
	require.Equal(t, Crypt{
		Cipher: "aes-ecb", Key: "0000000000000000", Dev: num(0),
		Other: []string{"new:alg:0000"}, Extra: " 0000000000000000",
	}, secret.Redact())
	require.Equal(t, "new:alg:1234", secret.Other[0], "the original stays as it is")
	named := Crypt{Cipher: "aes-ecb", Key: KeyringKey(16, KeyUser, "name"), Dev: num(0)}
	require.Equal(t, named, named.Redact())
}
