package access

import (
	"context"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// Verdict is what Verify found.
type Verdict struct {
	Entries int64 // that are sound, from the first
	// Broken is the Seq of the first entry that is missing, changed, or does not
	// follow from the one before; 0 when the whole log is as it was written.
	Broken int64
	// Hash is that of the last sound entry. Compared with one that was kept
	// elsewhere (each AuditEvent has its entry's), it shows a log that was cut off
	// or written anew as a whole.
	Hash []byte
}

// Verify reads the whole log and checks the chain.
func (g *Gate) Verify(ctx context.Context) (Verdict, error) { return Verify(ctx, g.c.DB) }

// Verify reads the whole log of a database and checks the chain.
func Verify(ctx context.Context, db *database.DB) (Verdict, error) {
	var v Verdict
	err := db.Read(ctx, func(tx database.Tx) error {
		v = Verdict{}
		last, want, err := head(tx)
		if err != nil {
			return err
		}
		hash := ""
		err = tx.Each("SELECT seq, at, patient, entry, hash FROM access_log ORDER BY seq", nil, func(scan func(...any) error) error {
			var seq, at int64
			var patient, canonical, kept string
			if err := scan(&seq, &at, &patient, &canonical, &kept); err != nil {
				return err
			}
			if v.Broken != 0 {
				return nil
			}
			e, err := decode(canonical, kept)
			if err != nil || seq != v.Entries+1 || e.Seq != seq || e.Patient != patient || e.At.UnixMicro() != at || chain(hash, canonical) != kept {
				v.Broken = v.Entries + 1
				return nil
			}
			hash, v.Entries, v.Hash = kept, seq, e.Hash
			return nil
		})
		if v.Broken == 0 && (v.Entries != last || hash != want) {
			v.Broken = v.Entries + 1
		}
		return err
	})
	return v, err
}
