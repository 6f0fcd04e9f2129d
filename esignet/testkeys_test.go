package esignet_test

import (
	"sync"
	"testing"

	"github.com/nehrbridge/nehrbridge/esignet"
)

var testKeys sync.Map // algorithm and name → *esignet.Key

// testKey gives a key of the test run: made once for each algorithm and name.
func testKey(t testing.TB, algorithm string, name ...string) *esignet.Key {
	t.Helper()
	id := algorithm
	for _, n := range name {
		id += " " + n
	}
	if k, ok := testKeys.Load(id); ok {
		return k.(*esignet.Key)
	}
	k, err := esignet.NewKey(algorithm, 0)
	if err != nil {
		t.Fatal(err)
	}
	stored, _ := testKeys.LoadOrStore(id, k)
	return stored.(*esignet.Key)
}
