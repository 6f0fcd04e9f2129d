package login_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/esignet/login"
)

// A person who is linked to nobody waits for an administrator, who hears the code
// from that person and says which DHIS2 user it is.
func Example() {
	folder, err := os.MkdirTemp("", "links")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	ctx := context.Background()
	db, err := database.Open(ctx, database.Config{URL: filepath.Join(folder, "links.db"), Migrations: []database.Migrations{login.Migrations()}})
	if err != nil {
		panic(err)
	}
	defer db.Close()
	links := login.NewLinks(db, nil)

	seen, err := links.Seen(ctx, "https://esignet.example.org", "ministry", "a subject")
	if err != nil {
		panic(err)
	}
	fmt.Println(seen.State, len(seen.Code))
	approved, err := links.Approve(ctx, seen.Code, "nurse")
	if err != nil {
		panic(err)
	}
	fmt.Println(approved.State, approved.Username, approved.OpenID)
	// Output:
	// requested 9
	// approved nurse esignet-OFkcj8TydciIETQLeST-lOKgSuGMqiPltdW2ebx97FY
}
