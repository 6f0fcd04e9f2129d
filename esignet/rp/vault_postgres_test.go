package rp_test

import (
	"sync"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
)

// TestVaultPostgreSQL: evidence that one process keeps, another reads, byte for
// byte; what is altered in the database is noticed, what was kept long enough goes.
func TestVaultPostgreSQL(t *testing.T) {
	url := postgrestest.Start(t).Database(t)
	var mu sync.Mutex
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	now := func() time.Time { mu.Lock(); defer mu.Unlock(); return at }
	seal := evidenceKey(t)
	var vaults []*rp.Vault
	var db *database.DB
	for range 2 {
		var err error
		if db, err = database.Open(t.Context(), database.Config{URL: url, Migrations: []database.Migrations{rp.Migrations()}}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		v, err := rp.NewVault(rp.VaultConfig{DB: db, SealKeys: []*rp.SealKey{seal}, Signing: esignet.SingleKey(testKey()("evidence")), KeepFor: 24 * time.Hour, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		vaults = append(vaults, v)
	}
	var all sync.WaitGroup
	kept := make([]rp.Evidence, 16)
	for i := range kept {
		kept[i] = rp.Evidence{Issuer: "https://esignet.example.org", Subject: "a subject", ACR: []string{"otp"}, At: at, User: midwife, Program: ancProgram, OrgUnit: clinic,
			Salt: "c2FsdA", Digests: map[string]string{"VQl0wK3eqiw": "digest"}}
		all.Go(func() {
			if err := vaults[i%2].Put(t.Context(), &kept[i]); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range kept {
		got, err := vaults[(i+1)%2].Get(t.Context(), kept[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Subject != "a subject" || got.User != midwife || got.Program != ancProgram || got.OrgUnit != clinic || !got.At.Equal(at) || got.Digests["VQl0wK3eqiw"] != "digest" {
			t.Errorf("%+v", got)
		}
	}
	if err := db.Write(t.Context(), func(tx database.Tx) error {
		_, err := tx.Exec(`UPDATE rp_evidence SET sealed = (SELECT sealed FROM rp_evidence WHERE id = ?1) WHERE id = ?2`, kept[0].ID, kept[1].ID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	_, err := vaults[0].Get(t.Context(), kept[1].ID)
	wantRefusal(t, err, rp.CodeTampered)
	_, err = vaults[0].Get(t.Context(), dhis2.MustUID("Nobody00001").String())
	wantRefusal(t, err, rp.CodeEvidence)
	mu.Lock()
	at = at.Add(25 * time.Hour)
	mu.Unlock()
	if n, err := vaults[1].Sweep(t.Context()); n != int64(len(kept)) || err != nil {
		t.Errorf("%d swept, %v", n, err)
	}
}
