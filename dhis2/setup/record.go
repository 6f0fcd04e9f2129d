package setup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Record is what setup has written to one server, and what was there before. It
// holds layouts of forms and descriptions of metadata, no secret.
type Record struct {
	SystemID string   `json:"system_id"`
	URL      string   `json:"url"`
	Entries  []*Entry `json:"entries"` // in the order in which they were made
}

// Store keeps a record. Save has kept it when it returns.
type Store interface {
	Load() (*Record, error) // an empty one where there is none
	Save(*Record) error
}

// ErrOtherServer says that the record is of another DHIS2 server.
var ErrOtherServer = errors.New("dhis2/setup: the record of what was before is of another DHIS2 server: use its data_dir, or move the file away")

func (r *Record) find(it *Item) *Entry {
	i := slices.IndexFunc(r.Entries, func(e *Entry) bool { return e.key() == it.key() })
	if i < 0 {
		return nil
	}
	return r.Entries[i]
}

// note records that an item is about to be written: what was found is what was
// before, unless the item was written already.
func (r *Record) note(it *Item, found, after jsontext.Value) {
	e := r.find(it)
	if e == nil {
		e = &Entry{Before: kept(it, found)}
		r.Entries = append(r.Entries, e)
	} else {
		e.Before = kept(it, e.rebase(found))
	}
	e.Item, e.After, e.Confirmed = *it, kept(it, after), false
}

// kept is what a record keeps of a state: of the forms' value only the layout.
func kept(it *Item, state jsontext.Value) jsontext.Value {
	if it.Kind != KindForm || absent(state) {
		return state
	}
	m := members(state)
	delete(m, "value")
	return encoded(m)
}

// File is a record in a file that only its owner reads.
type File string

// Load reads the record; a file that is not there is an empty one.
func (f File) Load() (*Record, error) {
	data, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return &Record{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("dhis2/setup: record: %w", err)
	}
	r := new(Record)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("dhis2/setup: record %s is damaged: %w", filepath.Base(string(f)), err)
	}
	return r, nil
}

// Save replaces the file whole. A record of nothing is no file.
func (f File) Save(r *Record) error {
	err := f.save(r)
	if err != nil {
		return fmt.Errorf("dhis2/setup: record: %w", err)
	}
	return nil
}

func (f File) save(r *Record) error {
	if len(r.Entries) == 0 {
		if err := os.Remove(string(f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	data, err := json.Marshal(r, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(string(f)), 0o700); err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(string(f)), ".setup-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(next.Name())
	_, err = next.Write(append(data, '\n'))
	if err = errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	return os.Rename(next.Name(), string(f))
}
