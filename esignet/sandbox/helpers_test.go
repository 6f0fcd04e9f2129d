package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"sync"
)

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
