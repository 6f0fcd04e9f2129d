package esignet_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// certified is a key with a certificate, and its published JWK's thumbprints.
func certified(t *testing.T, algorithm string) (k *esignet.Key, x5t, x5tS256 string, chain []string) {
	t.Helper()
	k, err := esignet.NewKey(algorithm, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.SelfSign("nehrbridge test", time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	raw, err := k.PublicJWK(esignet.UseSignature)
	if err != nil {
		t.Fatal(err)
	}
	var j struct {
		One   string   `json:"x5t"`
		Two   string   `json:"x5t#S256"`
		Chain []string `json:"x5c"`
		Use   string   `json:"use"`
		Alg   string   `json:"alg"`
		ID    string   `json:"kid"`
	}
	if err := json.Unmarshal(raw, &j); err != nil {
		t.Fatal(err)
	}
	one, two := k.Thumbprints()
	if j.Use != "sig" || j.Alg != algorithm || j.ID != k.ID() || j.One != one || j.Two != two || len(j.Chain) != 1 || k.Certificate().SerialNumber.Sign() <= 0 {
		t.Errorf("%s", raw)
	}
	return k, j.One, j.Two, j.Chain
}

// TestThumbprintsByOpenSSL compares x5t and x5t#S256 with the fingerprints that
// openssl computes.
func TestThumbprintsByOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		needs(t, "openssl: install the package openssl")
	}
	for _, algorithm := range []string{esignet.RS256, esignet.ES256} {
		k, one, two, chain := certified(t, algorithm)
		der, err := base64.StdEncoding.DecodeString(chain[0])
		if err != nil || !bytes.Equal(der, k.Certificate().Raw) {
			t.Fatal("x5c is not the certificate")
		}
		path := filepath.Join(t.TempDir(), "certificate.der")
		if err := os.WriteFile(path, der, 0o600); err != nil {
			t.Fatal(err)
		}
		for hash, want := range map[string]string{"-sha1": one, "-sha256": two} {
			out, err := exec.Command(openssl, "x509", "-inform", "DER", "-in", path, "-noout", "-fingerprint", hash).CombinedOutput()
			if err != nil {
				t.Fatalf("%v %s", err, out)
			}
			_, print, _ := strings.Cut(strings.TrimSpace(string(out)), "=")
			raw, err := hex.DecodeString(strings.ReplaceAll(print, ":", ""))
			if err != nil || encode64(raw) != want {
				t.Errorf("%s %s: openssl says %s, the JWK %s", algorithm, hash, encode64(raw), want)
			}
		}
	}
}

// TestKeyStoreByJava reads the key store with a JDK's keytool: one private key
// under the alias of dhis.conf, with the certificate that is published.
func TestKeyStoreByJava(t *testing.T) {
	keytool, err := exec.LookPath("keytool")
	if err != nil {
		needs(t, "keytool: install a JDK 17")
	}
	for _, algorithm := range []string{esignet.RS256, esignet.ES256} {
		k, _, two, _ := certified(t, algorithm)
		store, err := k.KeyStore("changeit")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "keystore.p12")
		if err := esignet.WriteKeyFile(path, store, false); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(keytool, "-J-Duser.language=en", "-list", "-v", "-storetype", "PKCS12", "-keystore", path, "-storepass", "changeit", "-alias", esignet.KeyStoreAlias).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		_, print, _ := strings.Cut(string(out), "SHA256: ")
		print, _, _ = strings.Cut(print, "\n")
		raw, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(print), ":", ""))
		if err != nil || encode64(raw) != two || !bytes.Contains(out, []byte("PrivateKeyEntry")) {
			t.Errorf("keytool says %s (%v), the JWK %s\n%s", encode64(raw), err, two, out)
		}
		if out, err := exec.Command(keytool, "-list", "-storetype", "PKCS12", "-keystore", path, "-storepass", "wrong-password").CombinedOutput(); err == nil {
			t.Errorf("opened with another password: %s", out)
		}
	}
	k := testKey(t, esignet.ES256, "no certificate")
	if _, err := k.KeyStore("changeit"); err == nil {
		t.Error("a store without certificate")
	}
	k, _, _, _ = certified(t, esignet.ES256)
	if _, err := k.KeyStore("short"); err == nil {
		t.Error("a password that Java refuses")
	}
	for _, name := range []string{"", strings.Repeat("n", 65)} {
		if err := k.SelfSign(name, time.Now(), time.Now().Add(time.Hour)); err == nil {
			t.Error("a certificate without a usable name")
		}
	}
	if at := time.Now(); k.SelfSign("n", at, at) == nil {
		t.Error("a certificate without a time")
	}
}
