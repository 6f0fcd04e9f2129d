package esignet_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// TestKeyFiles writes keys in every form and reads them back: the same key, kid
// and algorithm where the form can hold them.
func TestKeyFiles(t *testing.T) {
	for _, algorithm := range []string{esignet.RS256, esignet.PS256, esignet.ES256} {
		t.Run(algorithm, func(t *testing.T) {
			k, err := esignet.NewKey(algorithm, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := k.SelfSign("clinic", time.Now().Add(-time.Hour), time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for _, form := range []struct {
				name     string
				make     func() ([]byte, error)
				password string
			}{{"PEM", k.PEM, ""}, {"JWK", k.PrivateJWK, ""}, {"PKCS#12", func() ([]byte, error) { return k.KeyStore("secret-1") }, "secret-1"}} {
				data, err := form.make()
				if err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, strings.Trim(form.name, "#1"))
				if err := esignet.WriteKeyFile(path, data, false); err != nil {
					t.Fatal(err)
				}
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: mode %v, %v", form.name, info.Mode(), err)
				}
				back, err := esignet.LoadKey(path, form.password)
				if err != nil {
					t.Fatalf("%s: %v", form.name, err)
				}
				if form.name != "JWK" {
					if back.Certificate() == nil || !back.Certificate().Equal(k.Certificate()) {
						t.Errorf("%s: no certificate", form.name)
					}
					if back, err = back.As("", algorithm); err != nil { // these cannot say PS256
						t.Fatal(err)
					}
				}
				if back.ID() != k.ID() || back.Algorithm() != algorithm {
					t.Errorf("%s: %v, want %v", form.name, back, k)
				}
				signed, err := back.Sign("JWT", []byte(`{"a":1}`))
				if err != nil {
					t.Fatal(err)
				}
				header, _, err := verifyJWS(signed, k.Public())
				if err != nil || string(header["kid"]) != `"`+k.ID()+`"` {
					t.Errorf("%s: %v, %s", form.name, err, header["kid"])
				}
				if err := esignet.WriteKeyFile(path, []byte("other"), false); err == nil || !strings.Contains(err.Error(), "there already") {
					t.Errorf("%s: replaced without being told: %v", form.name, err)
				}
			}
			if err := esignet.WriteKeyFile(filepath.Join(dir, "PEM"), []byte("other"), true); err != nil {
				t.Error(err)
			}
			if left, err := filepath.Glob(filepath.Join(dir, ".key-*")); err != nil || left != nil {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestKeyForms reads what others write, and says what is wrong with what is not
// usable, without showing it.
func TestKeyForms(t *testing.T) {
	private := rsaKey(t, "forms")
	block := func(kind string, der []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	ec := ecKey(t)
	ecDER, err := x509.MarshalECPrivateKey(ec)
	sec1 := block("EC PRIVATE KEY", ecDER, err)
	pkcs8DER, err := x509.MarshalPKCS8PrivateKey(private)
	pkcs8 := block("PRIVATE KEY", pkcs8DER, err)
	pkcs1 := block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(private), nil)
	for name, good := range map[string][]byte{"PKCS#1": pkcs1, "PKCS#8": pkcs8, "SEC 1": sec1, "with parameters before": append(block("EC PARAMETERS", []byte{6}, nil), sec1...), "with blank lines": append([]byte("\n\n"), pkcs1...)} {
		if _, err := esignet.ParseKey(good, ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384DER, err := x509.MarshalECPrivateKey(p384)
	big := block("EC PRIVATE KEY", p384DER, err)
	other := testKey(t, esignet.RS256, "other certificate")
	if err := other.SelfSign("other", time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	store, err := other.KeyStore("secret-1")
	if err != nil {
		t.Fatal(err)
	}
	wrong := block("CERTIFICATE", other.Certificate().Raw, nil)
	public := marshal(t, publicJWK(private.Public(), nil))
	for name, bad := range map[string]struct {
		data []byte
		want string
	}{
		"empty":                       {nil, "empty"},
		"noise":                       {[]byte("hunter2"), "neither"},
		"public JWK":                  {public, "no private JWK"},
		"a secret as JWK":             {[]byte(`{"kty":"oct","k":"aHVudGVyMg"}`), "neither RSA nor EC"},
		"cut JWK":                     {[]byte(`{"kty":"RSA","d":"hunter2`), "no private JWK"},
		"algorithm that does not fit": {marshal(t, privateJWK(t, ec, "RS256")), "cannot be used"},
		"RSA of 1024 bits":            {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small), nil), "2048"},
		"P-384":                       {big, "P-256"},
		"two keys":                    {append(bytes.Clone(pkcs1), sec1...), "more than one"},
		"another's certificate":       {append(bytes.Clone(pkcs1), wrong...), "another key"},
		"only a certificate":          {wrong, "no private key"},
		"encrypted":                   {[]byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"), "encrypted"},
		"encrypted, old form":         {[]byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"), "encrypted"},
		"block of noise":              {block("RSA PRIVATE KEY", []byte("hunter2"), nil), "no key of its type"},
		"store, wrong password":       {store, "password"},
		"a cut store":                 {store[:100], "PKCS#12"},
	} {
		_, err := esignet.ParseKey(bad.data, "hunter2-password")
		if err == nil || !strings.Contains(err.Error(), bad.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", name, err, bad.want)
		}
	}
	for _, bits := range []int{1024, 8192, -1} {
		if _, err := esignet.NewKey(esignet.RS256, bits); err == nil {
			t.Errorf("%d bits", bits)
		}
	}
	if _, err := esignet.NewKey("HS256", 0); err == nil {
		t.Error("HS256")
	}
	dir := t.TempDir()
	if _, err := esignet.LoadKey(dir, ""); err == nil {
		t.Error("a folder is no key")
	}
	if _, err := esignet.LoadKey(filepath.Join(dir, "none"), ""); err == nil {
		t.Error("no file is no key")
	}
	huge := filepath.Join(dir, "huge")
	if err := os.WriteFile(huge, make([]byte, 100<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := esignet.LoadKey(huge, ""); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Error(err)
	}
}

func privateJWK(t testing.TB, key *ecdsa.PrivateKey, algorithm string) object {
	t.Helper()
	d, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return publicJWK(key.Public(), object{"d": encode64(d), "alg": algorithm})
}

// TestD062_KeysRotateWithOverlap follows a ring through the change of its key:
// published before it signs, until after it does no more.
func TestD062_KeysRotateWithOverlap(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	old, next := testKey(t, esignet.RS256, "old"), testKey(t, esignet.RS256, "next")
	ring, err := esignet.NewKeyRing(esignet.RingKey{Key: old, Until: day(20)}, esignet.RingKey{Key: next, SignsFrom: day(10)})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		day       int
		signs     *esignet.Key
		published []*esignet.Key
	}{{1, old, []*esignet.Key{old, next}}, {10, next, []*esignet.Key{old, next}}, {19, next, []*esignet.Key{old, next}}, {20, next, []*esignet.Key{next}}, {30, next, []*esignet.Key{next}}} {
		active, err := ring.Active(day(test.day))
		if err != nil || active != test.signs {
			t.Errorf("day %d: %v signs, %v", test.day, active, err)
		}
		set, err := ring.JWKS(day(test.day), esignet.UseSignature)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := esignet.ParsePublicKeys(set)
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, k := range keys {
			got = append(got, k.ID)
		}
		for _, k := range test.published {
			want = append(want, k.ID())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("day %d: %s", test.day, diff)
		}
		if bytes.Contains(set, []byte(`"d"`)) || bytes.Contains(set, []byte(`"p"`)) {
			t.Fatal("a private key is published")
		}
	}
	over, err := esignet.NewKeyRing(esignet.RingKey{Key: old, Until: day(5)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := over.Active(day(6)); err == nil {
		t.Error("a key signs after its end")
	}
	if set, err := over.JWKS(day(6), esignet.UseSignature); err != nil || string(set) != `{"keys":[]}` {
		t.Errorf("%s, %v", set, err)
	}
	for _, wrong := range [][]esignet.RingKey{{}, {{}}, {{Key: old}, {Key: old}}, {{Key: old, SignsFrom: day(2), Until: day(1)}}} {
		if _, err := esignet.NewKeyRing(wrong...); err == nil {
			t.Errorf("%v passes", wrong)
		}
	}
	if _, err := esignet.SingleKey(testKey(t, esignet.ES256)).JWKS(day(1), esignet.UseEncryption); err == nil {
		t.Error("an EC key is published for encryption")
	}
}

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
