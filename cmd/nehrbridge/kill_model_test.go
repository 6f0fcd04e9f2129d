package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/record"
	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

// TestD080_D084_ModelOfLedgerAndRecord drives the ledger and the record together, step by
// step as an agent does and stopped between any two steps, beside a model that
// is a map. Two things hold at every moment: what stands as true in the record
// is known to the ledger, and of whom the ledger has nothing to do, the record
// says exactly what is true.
func TestD080_D084_ModelOfLedgerAndRecord(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { testModel(t, filepath.Join(t.TempDir(), "ledger.db")) })
	t.Run("PostgreSQL", func(t *testing.T) { testModel(t, postgrestest.Start(t).Database(t)) })
}

// modelLease is that of the ledgers under test.
const modelLease = time.Minute

func testModel(t *testing.T, url string) {
	db, err := database.Open(t.Context(), database.Config{URL: url, Migrations: []database.Migrations{changes.Migrations()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		m := newRecordModel(t, rt, db, run)
		rt.Repeat(map[string]func(*rapid.T){
			"edit": m.edit, "claim": m.claim, "plan": m.plan, "save": m.save, "send": m.send,
			"complete": m.complete, "fail": m.fail, "die": m.die, "wait": m.wait, "": m.check,
		})
		m.finish(rt)
	})
}

// facts are what DHIS2 says of a woman.
type facts struct {
	number  string // her health number
	hb      string // a value; "" for none
	born    string // a date; "" for none
	deleted bool
}

// modelWoman is a row of the model.
type modelWoman struct {
	facts
	seq, done int64
	known     map[string]bool // fullUrls that are stored for her
}

// hand is a claim and how far the work on it is.
type hand struct {
	claim   changes.Claim
	process int
	plan    *record.Plan
	saved   bool
	state   []byte // to be stored with the completion; nil before the answer
}

type recordModel struct {
	ctx    context.Context
	now    time.Time
	run    int
	db     *database.DB
	folder string
	signs  []*changes.Presence
	agents []*changes.Ledger // two processes
	writer *record.Writer
	server *nehrsandbox.Server
	fhir   *client.Client
	women  map[dhis2.UID]*modelWoman
	hands  []*hand
}

func newRecordModel(t *testing.T, rt *rapid.T, db *database.DB, run int) *recordModel {
	m := &recordModel{ctx: t.Context(), now: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).Add(time.Duration(run) * 24 * time.Hour),
		run: run, db: db, folder: t.TempDir(), women: map[dhis2.UID]*modelWoman{}}
	var err error
	if m.server, err = nehrsandbox.New(nehrsandbox.Config{}); err != nil {
		rt.Fatal(err)
	}
	web := httptest.NewServer(m.server.Handler())
	rt.Cleanup(func() { web.Close(); m.server.Close() })
	if m.fhir, err = client.New(client.Config{BaseURL: web.URL + "/fhir"}); err != nil {
		rt.Fatal(err)
	}
	if m.writer, err = record.New(record.Config{Server: m.fhir, Validate: func(b []byte) error {
		_, err := fhirjson.Parse(b)
		return err
	}}); err != nil {
		rt.Fatal(err)
	}
	for range 2 {
		m.signs, m.agents = append(m.signs, nil), append(m.agents, nil)
		m.live(rt, len(m.agents)-1)
	}
	// A run that failed has left work for women whom this one does not know.
	left, err := m.agents[0].Claim(m.ctx, 100)
	for _, c := range left {
		if err == nil {
			err = m.agents[0].Complete(m.ctx, changes.Completion{Claim: c})
		}
	}
	if err != nil {
		rt.Fatal(err)
	}
	return m
}

// live begins the life of a process.
func (m *recordModel) live(t *rapid.T, i int) {
	var err error
	if m.signs[i], err = changes.Appear(m.folder); err != nil {
		t.Fatal(err)
	}
	m.agents[i], err = changes.New(m.ctx, changes.Config{DB: m.db, Process: m.signs[i].Name(), Lease: modelLease, Now: func() time.Time { return m.now }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.agents[i].TakeOver(m.ctx, m.signs[i]); err != nil {
		t.Fatal(err)
	}
}

// edit changes DHIS2, and the ledger is told.
func (m *recordModel) edit(t *rapid.T) {
	i := rapid.IntRange(0, 2).Draw(t, "woman")
	uid := dhis2.MustUID(fmt.Sprintf("Model%05d%d", m.run%100000, i))
	w := m.women[uid]
	if w == nil {
		w = &modelWoman{known: map[string]bool{}}
		m.women[uid] = w
	}
	if w.deleted {
		t.Skip("she is deleted")
	}
	w.facts = facts{
		number: fmt.Sprintf("N%d%s", i, rapid.SampledFrom([]string{"a", "a", "a", "b", "c"}).Draw(t, "number")),
		hb:     rapid.SampledFrom([]string{"", "9.5", "10.50"}).Draw(t, "hb"),
		born:   rapid.SampledFrom([]string{"", "1990-01-01", "1991-02-02"}).Draw(t, "born"),
	}
	w.deleted = rapid.IntRange(0, 9).Draw(t, "deleted") == 0
	w.seq++
	if err := m.agents[0].MarkDirty(m.ctx, changes.Change{TrackedEntity: uid}); err != nil {
		t.Fatal(err)
	}
}

func (m *recordModel) claim(t *rapid.T) {
	i := rapid.IntRange(0, 1).Draw(t, "process")
	claims, err := m.agents[i].Claim(m.ctx, rapid.IntRange(1, 3).Draw(t, "claims"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range claims {
		for _, h := range m.hands {
			if h.claim.TrackedEntity == c.TrackedEntity && h.claim.Until.After(m.now) {
				t.Fatalf("%s is in two hands", c.TrackedEntity)
			}
		}
		if w := m.women[c.TrackedEntity]; w == nil || w.done == w.seq {
			t.Fatalf("%s has nothing to do", c.TrackedEntity)
		}
		m.hands = append(m.hands, &hand{claim: c, process: i})
	}
}

// pick takes one of the hands for which ok holds.
func (m *recordModel) pick(t *rapid.T, ok func(*hand) bool) *hand {
	list := slices.DeleteFunc(slices.Clone(m.hands), func(h *hand) bool { return !ok(h) })
	if len(list) == 0 {
		t.Skip("no claim is so far")
	}
	return list[rapid.IntRange(0, len(list)-1).Draw(t, "hand")]
}

func (m *recordModel) drop(h *hand) {
	m.hands = slices.DeleteFunc(m.hands, func(o *hand) bool { return o == h })
}

// inTime tells whether the context of the work still holds, which ends a
// quarter of the lease before the claim does.
func (m *recordModel) inTime(h *hand) bool {
	return m.now.Before(h.claim.Until.Add(-modelLease / 4))
}

func (m *recordModel) plan(t *rapid.T) {
	h := m.pick(t, func(h *hand) bool { return h.plan == nil && m.inTime(h) })
	before, err := record.DecodeState(h.claim.State)
	if err != nil {
		t.Fatal(err)
	}
	if h.claim.Force { // as the agent does
		before = before.Doubted()
	}
	d := m.desired(h.claim.TrackedEntity)
	d.Basis = "the model"
	if h.plan, err = m.writer.Plan(m.ctx, d, before); err != nil {
		t.Fatal(err)
	}
}

func (m *recordModel) save(t *rapid.T) {
	h := m.pick(t, func(h *hand) bool { return h.plan != nil && !h.saved })
	state, err := record.EncodeState(h.plan.Pending())
	if err != nil {
		t.Fatal(err)
	}
	err = h.claim.Save(m.ctx, state)
	if m.late(t, h, err) {
		return
	}
	h.saved = true
	m.store(t, h, state)
}

// late demands that an outcome was refused exactly when the claim was over; then
// the work on it ends.
func (m *recordModel) late(t *rapid.T, h *hand, err error) bool {
	_, refused := errors.AsType[*changes.LeaseError](err)
	if err != nil && !refused {
		t.Fatal(err)
	}
	if over := !h.claim.Until.After(m.now); refused != over {
		t.Fatalf("the claim of %s is over: %t, and its outcome was refused: %t", h.claim.TrackedEntity, over, refused)
	}
	if refused {
		m.drop(h)
	}
	return refused
}

// store notes what is stored for a woman.
func (m *recordModel) store(t *rapid.T, h *hand, state []byte) {
	s, err := record.DecodeState(state)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, r := range s.Resources {
		known[r.FullURL] = true
	}
	m.women[h.claim.TrackedEntity].known = known
}

// send sends what was saved: it is lost, or carried out, or carried out and its
// answer lost.
func (m *recordModel) send(t *rapid.T) {
	h := m.pick(t, func(h *hand) bool { return h.saved && h.state == nil && m.inTime(h) })
	switch rapid.IntRange(0, 4).Draw(t, "fault") {
	case 0:
		m.server.Break(1, nehrsandbox.Fault{Kind: nehrsandbox.FailBefore})
	case 1:
		m.server.Break(1, nehrsandbox.Fault{Kind: nehrsandbox.FailAfter, Match: nehrsandbox.Transactions})
	}
	_, after, err := h.plan.Send(m.ctx)
	m.server.Break(0)
	if err != nil {
		m.giveUp(t, h, err)
		return
	}
	if h.state, err = record.EncodeState(after); err != nil {
		t.Fatal(err)
	}
}

func (m *recordModel) giveUp(t *rapid.T, h *hand, err error) {
	o := changes.Classify(err)
	m.late(t, h, m.agents[h.process].Fail(m.ctx, h.claim, changes.Failure{Class: o.Class, Unknown: o.Unknown, Next: m.now.Add(2 * time.Second)}))
	m.drop(h)
	if o.Class != changes.Retry {
		t.Fatalf("a failure that does not come again: %v", err)
	}
}

func (m *recordModel) complete(t *rapid.T) {
	h := m.pick(t, func(h *hand) bool { return h.state != nil })
	w := m.women[h.claim.TrackedEntity]
	err := m.agents[h.process].Complete(m.ctx, changes.Completion{Claim: h.claim, State: h.state})
	if m.late(t, h, err) {
		w.seq++
		return
	}
	w.done = h.claim.Sequence
	m.store(t, h, h.state)
	m.drop(h)
}

// fail gives an entity up for now, wherever the work on it is.
func (m *recordModel) fail(t *rapid.T) {
	h := m.pick(t, func(*hand) bool { return true })
	over := !h.claim.Until.After(m.now)
	m.giveUp(t, h, errUnsettled)
	if over {
		m.women[h.claim.TrackedEntity].seq++
	}
}

// die is the end of a process with all that it has in hand, and the beginning
// of the next, which takes over.
func (m *recordModel) die(t *rapid.T) {
	i := rapid.IntRange(0, 1).Draw(t, "process")
	m.hands = slices.DeleteFunc(m.hands, func(h *hand) bool { return h.process == i })
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	name := m.signs[i].Name()
	if err := m.signs[i].Vanish(); err != nil {
		t.Fatal(err)
	}
	// What the end of a process leaves: its file, unlocked.
	if err := os.WriteFile(filepath.Join(m.folder, name), []byte(host), 0o600); err != nil {
		t.Fatal(err)
	}
	m.live(t, i)
}

func (m *recordModel) wait(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 70).Draw(t, "seconds")) * time.Second)
}

// desired is what DHIS2 says of a woman by now, as resources.
func (m *recordModel) desired(uid dhis2.UID) record.Desired {
	f := m.women[uid].facts
	if f.deleted {
		return record.Desired{Deleted: true}
	}
	resource := func(typ, system, value, fields string) record.Entry {
		return record.Entry{
			FullURL: nehr.FullURL(typ, nehr.Key{System: system, Value: value}), Type: typ, Owned: typ != "Patient",
			Identifier: record.Identifier{System: system, Value: value},
			Resource:   fmt.Appendf(nil, `{"resourceType":%q,"identifier":[{"system":%q,"value":%q}%s}`, typ, system, value, fields),
		}
	}
	born := `,"_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`
	if f.born != "" {
		born = fmt.Sprintf(`,"birthDate":%q`, f.born)
	}
	patient := resource("Patient", "http://fhir.health.gov.lk/ips/identifier/phn", f.number, fmt.Sprintf(`,{"system":%q,"value":%q}],"name":[{"text":"Sample"}]%s`, nehr.SystemDHIS2TrackedEntity, uid, born))
	visit := resource("Encounter", nehr.SystemDHIS2Event, uid.String(), fmt.Sprintf(`],"status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"reference":%q}`, patient.FullURL))
	all := []record.Entry{patient, visit}
	if f.hb != "" {
		all = append(all, resource("Observation", nehr.SystemDHIS2Event, uid.String(), fmt.Sprintf(`],"status":"final","code":{"text":"haemoglobin"},"subject":{"reference":%q},"encounter":{"reference":%q},"valueQuantity":{"value":%s}`, patient.FullURL, visit.FullURL, f.hb)))
	}
	return record.Desired{Entries: all}
}

// check holds the ledger and the record against the model.
func (m *recordModel) check(t *rapid.T) {
	stands, err := everything(m.ctx, m.server, m.fhir)
	if err != nil {
		t.Fatal(err)
	}
	c := &comparison{desired: map[string]*fhirjson.Value{}, visits: map[string]bool{}, left: map[string]string{}, reasons: map[string]int{}}
	known, clean := map[string]bool{}, map[string]bool{}
	for uid, w := range m.women {
		for url := range w.known {
			known[url] = true
		}
		for _, n := range []string{"a", "b", "c"} {
			if w.deleted {
				c.left[w.number[:2]+n] = uid.String()
			}
		}
		clean[uid.String()] = w.done == w.seq
		if err := c.expect(m.desired(uid)); err != nil {
			t.Fatal(err)
		}
	}
	keys, found := map[string]string{}, map[string]bool{}
	for _, r := range stands {
		keys[place(r)] = c.key(r)
	}
	for _, r := range stands {
		key := keys[place(r)]
		found[key] = true
		references(r, keys)
		_, wrong := c.judge(r, key)
		if typ := r.Get("resourceType").Str(); typ != "Patient" {
			id := r.Get("identifier").Items()[0]
			url := nehr.FullURL(typ, nehr.Key{System: id.Get("system").Str(), Value: id.Get("value").Str()})
			if r.Get("status").Str() != "entered-in-error" && !known[url] {
				t.Fatalf("%s stands as true and the ledger knows nothing of it", place(r))
			}
			if wrong != "" && clean[id.Get("value").Str()] {
				t.Fatalf("%s, of whom nothing is to do: %s", place(r), wrong)
			}
		} else if wrong != "" && clean[owner(r)] {
			t.Fatalf("%s, of whom nothing is to do: %s", place(r), wrong)
		}
	}
	for uid, w := range m.women {
		if w.done == w.seq && !w.deleted && !found["Encounter "+nehr.SystemDHIS2Event+"|"+uid.String()] {
			t.Fatalf("the visit of %s is lost", uid)
		}
	}
}

// owner is the tracked entity that a Patient names.
func owner(patient *fhirjson.Value) string {
	for _, id := range patient.Get("identifier").Items() {
		if id.Get("system").Str() == nehr.SystemDHIS2TrackedEntity {
			return id.Get("value").Str()
		}
	}
	return ""
}

// finish has a process carry out all that is left: then nothing is to do, and
// everything is true.
func (m *recordModel) finish(t *rapid.T) {
	m.hands = nil
	for range 3 {
		m.now = m.now.Add(time.Hour)
		claims, err := m.agents[0].Claim(m.ctx, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range claims {
			before, err := record.DecodeState(c.State)
			if err != nil {
				t.Fatal(err)
			}
			_, after, err := m.writer.Replace(m.ctx, m.desired(c.TrackedEntity), before, func(ctx context.Context, s record.State) error {
				state, err := record.EncodeState(s)
				if err != nil {
					return err
				}
				return c.Save(ctx, state)
			})
			if err != nil {
				t.Fatal(err)
			}
			h := &hand{claim: c}
			if h.state, err = record.EncodeState(after); err != nil {
				t.Fatal(err)
			}
			m.hands = []*hand{h}
			m.complete(t)
		}
	}
	for uid, w := range m.women {
		if w.done != w.seq {
			t.Fatalf("%s is not done", uid)
		}
	}
	m.check(t)
}
