package esignet_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// TestBigPicture: a photo is hundreds of kilobytes, and passes in full.
func TestBigPicture(t *testing.T) {
	p := newProvider(t)
	p.claims["picture"] = "data:image/jpeg;base64," + strings.Repeat("A", 2<<20)
	who, err := p.complete(p.newClient(nil), plainRequest)
	if err != nil {
		t.Fatal(err)
	}
	if picture, _, ok := who.Claims.Text("picture"); !ok || len(picture) < 2<<20 {
		t.Errorf("%d bytes", len(picture))
	}
	_, err = p.complete(p.newClient(func(c *esignet.Config) { c.MaxUserInfo = 1 << 20 }), plainRequest)
	wantError(t, err, esignet.StageUserInfo, esignet.CodeTooLarge)
}

// TestReadmeNamesTheAttacks holds the list of attacks in README.md against the
// tests that there are.
func TestReadmeNamesTheAttacks(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "TestAttack") {
				found++
				if !strings.Contains(string(readme), "`"+f.Name.Name+"`") {
					t.Errorf("README.md does not name %s", f.Name.Name)
				}
			}
		}
	}
	if found < 6 {
		t.Errorf("only %d attack tests found", found)
	}
}
