package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/nehr/record"
)

// rehearsal is an agent that finds out what would have to be written and writes
// nothing. It works on a copy of the ledger that goes with it, so that neither
// the ledger nor those that work with it notice.
type rehearsal struct {
	*agent
	kept   *changes.Ledger // the ledger itself, to look at; nil where there is none yet
	db     *database.DB    // of kept
	folder string          // of the copy

	output sync.Mutex // one line after the other
}

// newRehearsal copies the ledger; close it.
func newRehearsal(ctx context.Context, s *config.Settings, a *app, accept bool) (h *rehearsal, err error) {
	g, err := wireAgent(s, a.logger())
	if err != nil {
		return nil, err
	}
	g.accept = accept
	h = &rehearsal{agent: g}
	if h.folder, err = os.MkdirTemp("", "nehrbridge-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	copied := *s
	copied.Ledger.URL = config.Secret(filepath.Join(h.folder, "copy.db"))
	if g.db, g.ledger, err = openLedger(ctx, &copied); err != nil {
		return nil, err
	}
	if h.db, h.kept, err = viewLedger(ctx, s); err != nil || h.kept == nil {
		return h, err
	}
	return h, h.kept.CopyTo(ctx, g.ledger)
}

// viewLedger opens the ledger of the settings to look at it; nil where there is
// none yet.
func viewLedger(ctx context.Context, s *config.Settings) (*database.DB, *changes.Ledger, error) {
	db, err := database.Open(ctx, database.Config{URL: s.Ledger.URL.Reveal(), ReadOnly: true, Migrations: ledgerTables()})
	older, none := errors.AsType[*database.OlderError](err)
	if errors.Is(err, fs.ErrNotExist) || none && older.Have == 0 {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	ledger, err := changes.New(ctx, changes.Config{DB: db, ReadOnly: true})
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, ledger, nil
}

func (h *rehearsal) close() error {
	var errs []error
	for _, db := range []*database.DB{h.db, h.agent.db} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(h.folder))...)
}

// entry is what the ledger has of a tracked entity.
func (h *rehearsal) entry(ctx context.Context, uid dhis2.UID) (changes.Entry, bool, error) {
	if h.kept == nil {
		return changes.Entry{}, false, nil
	}
	return h.kept.Entry(ctx, uid)
}

// everything marks what DHIS2 shows of the served programs and what the ledger
// knows of them.
func (h *rehearsal) everything(ctx context.Context, poller *changes.Poller) error {
	for _, program := range h.served {
		if _, err := poller.Reconcile(ctx, program); err != nil {
			return err
		}
		if _, err := h.ledger.MarkProgram(ctx, program, false); err != nil {
			return err
		}
	}
	return nil
}

// difference is what sending would change for one tracked entity.
type difference struct {
	changes []record.Change
	strays  map[string]bool // full URLs of those that nobody accounts for
	gone    bool            // DHIS2 does not find the tracked entity, and something of it was written
}

// differ compares DHIS2 with the record, given what was written before. With
// force it also looks for what nobody accounts for.
func (h *rehearsal) differ(ctx context.Context, uid dhis2.UID, from source, before record.State, force bool) (difference, error) {
	d := difference{strays: map[string]bool{}, gone: from.entity == nil && len(before.Resources) > 0}
	now, err := h.say(ctx, uid, from, len(before.Resources) > 0)
	if err != nil {
		return d, err
	}
	p, err := h.plan(ctx, uid, from, now, before.Doubted(), force)
	if err != nil {
		return d, explain(err)
	}
	for _, w := range p.strays {
		d.strays[w.FullURL] = true
	}
	d.changes = p.Changes()
	return d, nil
}
