package esignet_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// selfSigned is a certificate of a key, as x5c has it.
func selfSigned(t testing.TB, key *rsa.PrivateKey) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "attacker"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// forged wants an error of this package, whatever its code.
func forged(t testing.TB, err error) *esignet.Error {
	t.Helper()
	e, ok := errors.AsType[*esignet.Error](err)
	if !ok {
		t.Fatalf("%v is not typed", err)
	}
	noValue(t, e)
	return e
}

// personal are the values that the providers of these tests hand out or are given:
// of the person, of the tokens, of what an attacker writes.
var personal = []string{"Test Person", "1994/05/17", subjectOfTest, "access-", "code-", "eyJ", "canary", "<script", "mosip:idp"}

// noValue greps everything an error can print.
func noValue(t testing.TB, e *esignet.Error) {
	t.Helper()
	for _, text := range []string{e.Error(), e.Operator(), sprint(*e), e.Message().In("en"), sprint(e.Unwrap())} {
		for _, value := range personal {
			if strings.Contains(text, value) {
				t.Errorf("the error holds %q: %s", value, text)
			}
		}
	}
	if !strings.HasSuffix(e.Operator(), ".") || e.Message().Key == "" {
		t.Errorf("no sentence: %q, %q", e.Operator(), e.Message().Key)
	}
}
