package esignet_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/golden/reference"
)

func importKey(t testing.TB, private *rsa.PrivateKey) *esignet.Key {
	t.Helper()
	k, err := esignet.ParseKey(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}), "")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func pemKey(t testing.TB, public crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// negativeSerial is a certificate that an eSignet 1.8.0 published, as x5c has it.
func negativeSerial(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(reference.Path(t, "data/esignet"), "1.8.0", "jwks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []struct {
			Chain []string `json:"x5c"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(b, &set); err != nil {
		t.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(set.Keys[0].Chain[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x509.ParseCertificate(der); err == nil {
		t.Fatal("Go reads this certificate: the case shows nothing any more")
	}
	return set.Keys[0].Chain[0]
}
