package authored

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/access"
)

// Gate writes what was signed; *access.Gate is one.
type Gate interface {
	// Write decides anew. A refusal is an *access.DeniedError.
	Write(ctx context.Context, a access.Actor, patient string, p access.Purpose, w []access.Writing) (access.Written, error)
	// Bundle is the transaction that Write would send.
	Bundle(w []access.Writing) []byte
	// Base is the FHIR base of the record.
	Base() string
}

// Config says what a desk works with.
type Config struct {
	// DB has the tables of Migrations. Required.
	DB *database.DB
	// Key seals what is kept: 32 bytes at least, of the settings. Required. Who loses it
	// loses drafts, and what was signed and is not in the record yet.
	Key []byte
	// Gate is the way into the record. Required.
	Gate Gate
	// Validate judges a bundle before it leaves. The error's text goes to the author:
	// codes and places, no value. Required.
	Validate func(bundle []byte) error
	// Linked tells whether a person still acts in a role, at the moment of each
	// signature. Required.
	Linked func(ctx context.Context, a access.Actor) (bool, error)
	// Reply takes what DHIS2 is told; nil where it is told nothing.
	Reply Reply
	// Name says what a Practitioner or an Organization is called, in a reply.
	// Required with Reply.
	Name func(ctx context.Context, reference string) (string, error)
	// Lang is the language of a reply: en, si or ta. Defaults to en.
	Lang string
	// System is the id of this system, which Observations name as their device.
	// Defaults to "nehrbridge".
	System string
	// National claims the profiles of the national guide.
	National bool
	// Zone is that of days. Required.
	Zone *time.Location
	// Drafts is how long a draft is kept after its last change, Kept how long what was
	// signed can be amended here. Default to 7 and 90 days.
	Drafts, Kept time.Duration
	// Every is how often Run looks for what could not be brought. Defaults to 30 s.
	Every time.Duration
	// Failed is told of what Run could not do; nil for nobody.
	Failed func(error)
	// Now is the clock, Rand makes ids. Default to time.Now and crypto/rand.
	Now  func() time.Time
	Rand io.Reader
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		at      *time.Duration
		initial time.Duration
	}{{&c.Drafts, 7 * 24 * time.Hour}, {&c.Kept, 90 * 24 * time.Hour}, {&c.Every, 30 * time.Second}} {
		if *d.at == 0 {
			*d.at = d.initial
		}
	}
	if c.System == "" {
		c.System = "nehrbridge"
	}
	if c.Lang == "" {
		c.Lang = "en"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Failed == nil {
		c.Failed = func(error) {}
	}
	return c
}

func (c Config) validate() error {
	var wrong []error
	require := func(ok bool, what string) {
		if !ok {
			wrong = append(wrong, errors.New("authored: "+what))
		}
	}
	require(c.DB != nil, "DB is required")
	require(len(c.Key) >= 32, "Key is required, with 32 bytes at least")
	require(c.Gate != nil, "Gate is required")
	require(c.Validate != nil, "Validate is required: nothing leaves unvalidated")
	require(c.Linked != nil, "Linked is required")
	require(c.Zone != nil, "Zone is required")
	require(c.Reply == nil || c.Name != nil, "Name is required with Reply")
	require(c.Drafts >= 0 && c.Kept >= 0 && c.Every >= 0, "a negative time")
	return errors.Join(wrong...)
}

// Desk is where clinicians write. It is safe for use by many goroutines, and several
// processes may work on one database.
type Desk struct {
	c     Config
	store store
}

// New makes a desk. Its errors name every wrong field.
func New(c Config) (*Desk, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	return &Desk{c: c, store: store{db: c.DB, key: c.Key}}, nil
}

var idForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// NewID makes the id of a draft that is to be written. A form that carries it makes one
// draft, however often it is sent.
func (d *Desk) NewID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(d.c.Rand, b[:]); err != nil {
		return "", fmt.Errorf("authored: make an id: %w", err)
	}
	return fmt.Sprintf("%x", b), nil
}

// who are the hashes that an entry is found by: its author's, who is who looks, and its
// patient's.
func (d *Desk) who(v *access.View) (author, patient []byte, err error) {
	a := v.Actor()
	if a.Kind != access.KindClinician || a.Person == "" {
		return nil, nil, ErrNotFound
	}
	return d.store.hash("author", a.Person), d.store.hash("patient", v.Patient()), nil
}

func (d *Desk) now() time.Time { return d.c.Now().In(d.c.Zone) }

// Draft keeps a content under the id that its form has, in place of the one before. A
// content that is not complete is a *ContentError; an entry that is signed, ErrState; of
// another author or about another patient, ErrNotFound.
func (d *Desk) Draft(ctx context.Context, v *access.View, id string, c Content) (Entry, error) {
	author, patient, err := d.who(v)
	if err != nil || !idForm.MatchString(id) {
		return Entry{}, ErrNotFound
	}
	now := d.now()
	if err := d.store.clear(ctx, now); err != nil {
		return Entry{}, err
	}
	var e Entry
	err = d.c.DB.Write(ctx, func(tx database.Tx) error {
		old, err := d.store.one(tx, id, author, patient, now)
		there := !errors.Is(err, ErrNotFound)
		if err != nil && there {
			return err
		}
		c := d.keepFile(c, old.body.Content)
		if wrong := c.Check(now); len(wrong) > 0 {
			return &ContentError{wrong}
		}
		r := row{id: id, author: author, patient: patient, state: Draft, changed: now.Unix(), until: now.Add(d.c.Drafts).Unix(),
			body: body{Actor: actorOf(v.Actor()), Patient: v.Patient(), Purpose: v.Purpose(), Content: c}}
		e = r.entry()
		if there {
			if !old.entry().Editable() {
				return ErrState
			}
			return d.store.update(tx, old, r)
		}
		if n, err := d.store.drafts(tx, author); err != nil || n >= mostDrafts {
			return errors.Join(err, ErrFull)
		}
		fresh, err := d.store.insert(tx, r)
		if err == nil && !fresh {
			err = ErrNotFound // the id is another's
		}
		return err
	})
	if err != nil {
		return Entry{}, err
	}
	return e, nil
}

// keepFile takes the file of the content before where the new one brings none.
func (d *Desk) keepFile(c, before Content) Content {
	c = c.tidy()
	if c.Kind == Document && c.File.ContentType == "" && before.Kind == Document {
		c.File = before.File
	}
	return c
}

// Amendment keeps what an entry shall say from now on, and why. It is signed like a
// draft; until then the entry stands as it is.
func (d *Desk) Amendment(ctx context.Context, v *access.View, id string, c Content, reason string) (Entry, error) {
	reason, ok := sound(reason)
	if !ok {
		return Entry{}, ErrReason
	}
	return d.change(ctx, v, id, func(r *row) error {
		if !r.entry().Stands() || c.Kind != r.body.Content.Kind || c.Kind == Observation && c.Measure != r.body.Content.Measure {
			return ErrState
		}
		c.Referral = r.body.Content.Referral // it answers what it answered
		c := d.keepFile(c, r.body.Content)
		if wrong := c.Check(d.now()); len(wrong) > 0 {
			return &ContentError{wrong}
		}
		r.body.Next, r.body.Reason, r.body.Withdraw = &c, reason, false
		return nil
	})
}

// Discard forgets a draft, or an amendment that was not signed.
func (d *Desk) Discard(ctx context.Context, v *access.View, id string) error {
	_, err := d.change(ctx, v, id, func(r *row) error {
		switch e := r.entry(); {
		case e.Editable():
			r.until = 0
		case e.Stands():
			r.body.Next, r.body.Withdraw, r.body.Problem, r.body.Details = nil, false, "", ""
			r.state = standing(r.version)
		default:
			return ErrState
		}
		return nil
	})
	return err
}

// standing is the state of what the record has.
func standing(version int64) State {
	if version > 1 {
		return Amended
	}
	return Signed
}

// change changes one entry.
func (d *Desk) change(ctx context.Context, v *access.View, id string, do func(*row) error) (e Entry, err error) {
	author, patient, err := d.who(v)
	if err != nil {
		return Entry{}, err
	}
	now := d.now()
	err = d.c.DB.Write(ctx, func(tx database.Tx) error {
		r, err := d.store.one(tx, id, author, patient, now)
		if err != nil {
			return err
		}
		before := r
		if err := do(&r); err != nil {
			return err
		}
		e = r.entry()
		return d.store.update(tx, before, r)
	})
	return e, err
}

// Entries are those of the author about this patient, the newest first, without the bytes
// of their files.
func (d *Desk) Entries(ctx context.Context, v *access.View) (list []Entry, err error) {
	author, patient, err := d.who(v)
	if err != nil {
		return nil, err
	}
	err = d.c.DB.Read(ctx, func(tx database.Tx) error {
		rows, err := d.store.all(tx, `author = ?1 AND patient = ?2 AND until > ?3 ORDER BY changed DESC, id`, author, patient, d.now().Unix())
		for _, r := range rows {
			list = append(list, r.entry())
		}
		return err
	})
	return list, err
}

// Entry is one of them.
func (d *Desk) Entry(ctx context.Context, v *access.View, id string) (e Entry, err error) {
	author, patient, err := d.who(v)
	if err != nil {
		return Entry{}, err
	}
	err = d.c.DB.Read(ctx, func(tx database.Tx) error {
		r, err := d.store.one(tx, id, author, patient, d.now())
		e = r.entry()
		return err
	})
	return e, err
}

func (r row) entry() Entry {
	return Entry{ID: r.id, State: r.state, Content: r.body.Content, Next: r.body.Next, Reason: r.body.Reason, Version: int(r.version),
		Changed: time.Unix(r.changed, 0), Problem: r.body.Problem, Details: r.body.Details, Replied: r.body.Replied}
}
