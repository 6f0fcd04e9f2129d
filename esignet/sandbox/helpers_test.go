package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"os"
	"sync"
	"testing"
)

// needs skips a test that lacks something, or fails it where all must be there.
func needs(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("REQUIRE_ALL") == "1" {
		t.Fatalf("this test needs %s (REQUIRE_ALL=1)", what)
	}
	t.Skipf("this test needs %s", what)
}

var testKeys = struct {
	sync.Mutex
	keys map[int]*rsa.PrivateKey
}{keys: map[int]*rsa.PrivateKey{}}

// testKey gives the n-th RSA key; they are made once for all tests.
func testKey(n int) *rsa.PrivateKey {
	testKeys.Lock()
	defer testKeys.Unlock()
	if testKeys.keys[n] == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		testKeys.keys[n] = key
	}
	return testKeys.keys[n]
}

func hashText(b []byte) string {
	sum := sha256.Sum256(b)
	return b64.EncodeToString(sum[:])
}

func challengeOf(verifier string) string { return hashText([]byte(verifier)) }
