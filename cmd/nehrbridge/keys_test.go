package main

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// command runs the program and gives what it prints.
func command(t *testing.T, want int, args ...string) (out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if got := run(t.Context(), args, stdio{strings.NewReader(""), &stdout, &stderr, nil}); got != want {
		t.Fatalf("%v: exit code %d, want %d: %s", args, got, want, stderr.String())
	}
	return stdout.String(), stderr.String()
}

// TestKeys makes keys, publishes them and compares the thumbprints with those of
// OpenSSL.
func TestKeys(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		needs(t, "openssl: apt-get install openssl")
	}
	for _, algorithm := range []string{"RS256", "PS256", "ES256"} {
		t.Run(algorithm, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "key.pem")
			out, _ := command(t, 0, "keys", "new", file, "--alg", algorithm, "--name", "A clinic")
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			var made keyReport
			if err := json.Unmarshal([]byte(out), &made); err != nil {
				t.Fatal(err)
			}
			out, _ = command(t, 0, "keys", "jwks", file, "--alg", algorithm)
			var set struct {
				Keys []struct {
					Kid, Alg, Use, D string
					X5C              []string
					X5T              string
					X5TS256          string `json:"x5t#S256"`
				}
			}
			if err := json.Unmarshal([]byte(out), &set); err != nil || len(set.Keys) != 1 {
				t.Fatalf("%v: %s", err, out)
			}
			k := set.Keys[0]
			if k.D != "" || k.Alg != algorithm || k.Use != "sig" || k.Kid == "" || k.Kid != made.KeyID || len(k.X5C) != 1 {
				t.Errorf("published %+v, made %+v", k, made)
			}
			for digest, got := range map[string]string{"-sha1": k.X5T, "-sha256": k.X5TS256} {
				if want := opensslFingerprint(t, file, digest); got != want {
					t.Errorf("thumbprint %s: %s, openssl has %s", digest, got, want)
				}
			}
			if made.X5T != k.X5T || made.X5TS256 != k.X5TS256 {
				t.Errorf("new reports other thumbprints: %+v", made)
			}
		})
	}
}

func opensslFingerprint(t *testing.T, file, digest string) string {
	t.Helper()
	out, err := exec.Command("openssl", "x509", "-in", file, "-noout", "-fingerprint", digest).Output()
	if err != nil {
		t.Fatal(err)
	}
	_, colons, _ := strings.Cut(strings.TrimSpace(string(out)), "=")
	raw, err := hex.DecodeString(strings.ReplaceAll(colons, ":", ""))
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// TestKeyStore makes the key store of DHIS2 and has a JDK and OpenSSL read it.
func TestKeyStore(t *testing.T) {
	folder := t.TempDir()
	key, store, password := filepath.Join(folder, "key.pem"), filepath.Join(folder, "dhis2.p12"), filepath.Join(folder, "password")
	if err := os.WriteFile(password, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, 0, "keys", "new", key)
	out, _ := command(t, 0, "keys", "keystore", key, "--out", store, "--password-file", password)
	var made keyReport
	if err := json.Unmarshal([]byte(out), &made); err != nil || made.Alias != "1" {
		t.Fatalf("%v: %s", err, out)
	}
	if info, err := os.Stat(store); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, errs := command(t, 2, "keys", "keystore", key, "--out", store, "--password-file", password); !strings.Contains(errs, "dhis2.p12") {
		t.Errorf("a store that is there was to be replaced: %s", errs)
	}
	t.Run("openssl", func(t *testing.T) {
		if _, err := exec.LookPath("openssl"); err != nil {
			needs(t, "openssl: apt-get install openssl")
		}
		out, err := exec.Command("openssl", "pkcs12", "-in", store, "-passin", "file:"+password, "-nodes").Output()
		if err != nil || !bytes.Contains(out, []byte("PRIVATE KEY")) || !bytes.Contains(out, []byte("CERTIFICATE")) {
			t.Fatalf("openssl does not read it: %v", err)
		}
	})
	t.Run("keytool", func(t *testing.T) {
		if _, err := exec.LookPath("keytool"); err != nil {
			needs(t, "keytool: apt-get install openjdk-17-jdk-headless")
		}
		out, err := exec.Command("keytool", "-J-Duser.language=en", "-list", "-v", "-keystore", store, "-storepass:file", password).Output()
		if err != nil {
			t.Fatalf("keytool does not read it: %v: %s", err, out)
		}
		for _, want := range []string{"Keystore type: PKCS12", "Your keystore contains 1 entry", "Alias name: 1\n", "Entry type: PrivateKeyEntry"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("keytool does not say %q:\n%s", want, out)
			}
		}
		fingerprint := regexp.MustCompile(`SHA256: ([0-9A-F:]+)`).FindStringSubmatch(string(out))
		if fingerprint == nil {
			t.Fatalf("no fingerprint: %s", out)
		}
		raw, err := hex.DecodeString(strings.ReplaceAll(fingerprint[1], ":", ""))
		if err != nil || base64.RawURLEncoding.EncodeToString(raw) != made.X5TS256 {
			t.Errorf("keytool's fingerprint is not x5t#S256 %s", made.X5TS256)
		}
		// A JDK uses the key with the alias that dhis.conf names.
		pemOut, err := exec.Command("keytool", "-exportcert", "-rfc", "-alias", "1", "-keystore", store, "-storepass:file", password).Output()
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(pemOut)
		if block == nil {
			t.Fatal("no certificate under the alias 1")
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			t.Fatal(err)
		}
	})
}

// TestKeys_refused: what would lose a key, or leave one open, is refused with a
// sentence.
func TestKeys_refused(t *testing.T) {
	folder := t.TempDir()
	key, open, empty := filepath.Join(folder, "key.pem"), filepath.Join(folder, "open.pem"), filepath.Join(folder, "empty")
	command(t, 0, "keys", "new", key)
	before, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, mode := range map[string]os.FileMode{open: 0o644, empty: 0o600} {
		data := before
		if file == empty {
			data = nil
		}
		if err := os.WriteFile(file, data, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, want string
		args       []string
	}{
		{"a file that is there", "key.pem", []string{"new", key}},
		{"another algorithm", "algorithm", []string{"new", filepath.Join(folder, "x"), "--alg", "HS256"}},
		{"a weak key", "bits", []string{"new", filepath.Join(folder, "x"), "--bits", "1024"}},
		{"no such format", "--format", []string{"new", filepath.Join(folder, "x"), "--format", "der"}},
		{"a key that others can read", "0600", []string{"jwks", open}},
		{"an empty file", "empty", []string{"jwks", empty}},
		{"no password file", "--password-file", []string{"keystore", key, "--out", filepath.Join(folder, "s.p12")}},
		{"an empty password", "password", []string{"keystore", key, "--out", filepath.Join(folder, "s.p12"), "--password-file", empty}},
		{"nothing said", "new, jwks or keystore", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, errs := command(t, 2, append([]string{"keys"}, tt.args...)...)
			if !strings.Contains(errs, tt.want) {
				t.Errorf("stderr %q does not say %q", errs, tt.want)
			}
			if strings.Contains(out+errs, "PRIVATE") {
				t.Error("a private key is printed")
			}
		})
	}
	if after, err := os.ReadFile(key); err != nil || !bytes.Equal(before, after) {
		t.Error("the key was changed")
	}
	command(t, 0, "keys", "new", key, "--force")
	if after, err := os.ReadFile(key); err != nil || bytes.Equal(before, after) {
		t.Error("--force did not replace the key")
	}
}
