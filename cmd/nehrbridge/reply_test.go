package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/outbox"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// The stage of a map that names one for replies.
var (
	replyStage  = dhis2.MustUID("SbxReplyStg")
	replyText   = dhis2.MustUID("SbxReplyTxt")
	replyAuthor = dhis2.MustUID("SbxReplyAut")
	replyDate   = dhis2.MustUID("SbxReplyDat")
)

const replyMap = `extends: lk-anc
reply: {stage: SbxReplyStg, text: SbxReplyTxt, author: SbxReplyAut, date: SbxReplyDat}
`

// withReplyStage adds the stage to the program of the sandbox.
func withReplyStage(set *dhis2sandbox.Dataset) {
	element := func(id dhis2.UID, name string, typ dhis2.ValueType) dhis2.StageElement {
		return dhis2.StageElement{DataElement: dhis2.DataElement{ID: id, Name: name, ValueType: typ}}
	}
	for i := range set.Programs {
		if p := &set.Programs[i]; p.ID == dhis2sandbox.ANCProgram {
			p.Stages = append(p.Stages, dhis2.ProgramStage{ID: replyStage, Name: "Reply of the specialist", Repeatable: true, Elements: []dhis2.StageElement{
				element(replyText, "Reply", dhis2.LongText), element(replyAuthor, "Author", dhis2.Text), element(replyDate, "Day", dhis2.DateType)}})
		}
	}
}

// clinic is a clinician's desk beside an agent, on one database.
type clinic struct {
	*testServers
	desk  *authored.Desk
	view  *access.View
	dhis2 interface {
		Event(ctx context.Context, uid dhis2.UID, fields string) (*dhis2.Event, error)
	}
	request *fhirjson.Value // the referral that is answered
	event   dhis2.UID
	her     dhis2.UID
}

func startClinic(t *testing.T, stage bool) *clinic {
	t.Helper()
	d, err := dhis2sandbox.New(dhis2sandbox.Config{})
	mustDo(t, err)
	set, err := dhis2sandbox.Demo(dhis2sandbox.DemoConfig{Mothers: 12, Now: time.Date(2026, 3, 10, 6, 0, 0, 0, time.UTC)})
	mustDo(t, err)
	if stage {
		withReplyStage(&set)
	}
	mustDo(t, d.Load(set))
	web := httptest.NewServer(d.Handler())
	t.Cleanup(web.Close)
	nehr := startNEHR(t)
	record, err := client.New(client.Config{BaseURL: nehr})
	mustDo(t, err)
	c := &clinic{testServers: &testServers{dhis2: d, nehr: record, env: []string{"NEHRBRIDGE_DHIS2_URL=" + web.URL,
		"NEHRBRIDGE_DHIS2_TOKEN=" + dhis2sandbox.DefaultToken, "NEHRBRIDGE_NEHR_URL=" + nehr, "NEHRBRIDGE_DATA_DIR=" + t.TempDir()}}}
	if stage {
		c.env = append(c.env, "NEHRBRIDGE_MAPS="+writeFile(t, t.TempDir(), "reply.yaml", replyMap))
	}
	c.sync(t)
	c.refer(t)
	settings, err := config.Load("", c.env)
	mustDo(t, err)
	c.dhis2, err = newDHIS2(settings)
	mustDo(t, err)
	maps, err := config.Maps(settings.Maps)
	mustDo(t, err)
	db, err := database.Open(t.Context(), database.Config{URL: settings.Ledger.URL.Reveal(), Migrations: append(agentTables(), access.Migrations(), authored.Migrations)})
	mustDo(t, err)
	t.Cleanup(func() { db.Close() })
	gate, err := access.New(access.Config{DB: db, NEHR: record})
	mustDo(t, err)
	o, err := outbox.New(t.Context(), outbox.Config{DB: db})
	mustDo(t, err)
	reply, err := newReplies(o, maps)
	mustDo(t, err)
	judge, err := validate.New(validate.Config{})
	mustDo(t, err)
	c.desk, err = authored.New(authored.Config{DB: db, Key: bytes.Repeat([]byte{1}, 32), Gate: gate, Zone: time.UTC, National: true, Reply: reply,
		Name: func(_ context.Context, ref string) (string, error) {
			return map[string]string{"Practitioner/specialist": "Dr Specialist", "Organization/hospital": "The hospital"}[ref], nil
		},
		Linked: func(context.Context, access.Actor) (bool, error) { return true, nil },
		Validate: func(b []byte) error {
			if o := judge.Validate(b); !o.OK() {
				t.Errorf("not valid: %+v", o.Issues)
			}
			return nil
		},
		Now: func() time.Time { return time.Date(2026, 3, 11, 9, 0, 0, 0, time.UTC) }})
	mustDo(t, err)
	mother := c.request.Get("subject", "reference").Str()
	_, err = gate.Standing(t.Context(), access.Actor{Kind: access.KindPatient, Issuer: "i", Subject: "s", Person: mother},
		access.Party{Person: "Practitioner/specialist"}, access.Scope{Until: time.Now().Add(time.Hour)})
	mustDo(t, err)
	c.view, err = gate.Open(t.Context(), access.Actor{Kind: access.KindClinician, Issuer: "i", Subject: "d", Person: "Practitioner/specialist", Facility: "Organization/hospital"}, mother, access.Treatment)
	mustDo(t, err)
	return c
}

// refer takes a referral of the sandbox and makes a specialist in the record.
func (c *clinic) refer(t *testing.T) {
	t.Helper()
	for _, text := range []string{`{"resourceType":"Practitioner","id":"specialist","name":[{"text":"Dr Specialist"}]}`, `{"resourceType":"Organization","id":"hospital","name":"The hospital"}`} {
		r, err := fhirjson.Parse([]byte(text))
		mustDo(t, err)
		_, err = c.nehr.Update(t.Context(), r.Get("resourceType").Str(), r.Get("id").Str(), r.Encode(), "")
		mustDo(t, err)
	}
	for _, r := range c.held(t) {
		event := ""
		for _, i := range r.Get("identifier").Items() {
			event = i.Get("value").Str()
		}
		// The smallest, for the same each time.
		if r.Get("resourceType").Str() == "ServiceRequest" && r.Get("status").Str() == "active" && (c.request == nil || event < c.event.String()) {
			c.request, c.event = r, dhis2.MustUID(event)
		}
	}
	if c.request == nil {
		t.Fatal("the sandbox has no referral")
	}
	patient, err := c.nehr.Read(t.Context(), "Patient", strings.TrimPrefix(c.request.Get("subject", "reference").Str(), "Patient/"))
	mustDo(t, err)
	for _, i := range patient.Resource.Get("identifier").Items() {
		if i.Get("system").Str() == "urn:dhis2:trackedEntity" {
			c.her = dhis2.MustUID(i.Get("value").Str())
		}
	}
}

// sign signs a haemoglobin in answer to the referral.
func (c *clinic) sign(t *testing.T) (id string) {
	t.Helper()
	id, err := c.desk.NewID()
	mustDo(t, err)
	_, err = c.desk.Draft(t.Context(), c.view, id, authored.Content{Kind: authored.Observation, Day: "2026-03-11", Measure: "718-7", Values: []string{"9.3"},
		Text: "Repeat in a week.", Referral: "ServiceRequest/" + c.request.Get("id").Str()})
	mustDo(t, err)
	e, err := c.desk.Sign(t.Context(), c.view, id)
	mustDo(t, err)
	if e.State != authored.Signed || !e.Replied {
		t.Fatalf("signed: %+v", e)
	}
	return id
}

// own are the resources that the portal wrote about her, by their place.
func (c *clinic) own(t *testing.T) map[string]*fhirjson.Value {
	t.Helper()
	own := map[string]*fhirjson.Value{}
	for name, r := range c.held(t) {
		for _, i := range r.Get("identifier").Items() {
			if s := i.Get("system").Str(); s == authored.SystemEntry || s == authored.SystemVisit {
				own[name] = r
			}
		}
	}
	return own
}

// unchanged demands that a sync writes nothing, and that each version is what it was.
func (c *clinic) unchanged(t *testing.T, before map[string]string, why string) {
	t.Helper()
	n, log := c.sync(t)
	if n.Written+n.Retracted+n.DeadLetters+n.Review > 0 {
		t.Errorf("%s: counts %+v\n%s", why, n, log)
	}
	if diff := gocmp.Diff(before, versions(c.held(t))); diff != "" {
		t.Errorf("%s: %s", why, diff)
	}
}

const replySays = "Dr Specialist, The hospital: 11 Mar 2026: Haemoglobin (iron in the blood): 9.3 g/dL. Repeat in a week."

// TestReplyNote: what a specialist signs is in DHIS2 once, as a note on the referral, and
// the agent writes nothing of it again and changes nothing of it.
func TestReplyNote(t *testing.T) {
	c := startClinic(t, false)
	id := c.sign(t)
	own := c.own(t)
	if len(own) != 2 {
		t.Fatalf("the portal wrote %d resources about her, want an Observation and an Encounter", len(own))
	}
	before := versions(c.held(t))
	for range 2 {
		c.unchanged(t, before, "a sync after the reply")
	}
	notes := func() []string {
		ev, err := c.dhis2.Event(t.Context(), c.event, "event,notes[note,value]")
		mustDo(t, err)
		var all []string
		for _, n := range ev.Notes {
			if outbox.Marked(n.Note) {
				all = append(all, n.Value)
			}
		}
		return all
	}
	if diff := gocmp.Diff([]string{replySays}, notes()); diff != "" {
		t.Errorf("notes of the referral: %s", diff)
	}
	// An amendment is a note of its own.
	_, err := c.desk.Amendment(t.Context(), c.view, id, authored.Content{Kind: authored.Observation, Day: "2026-03-11", Measure: "718-7", Values: []string{"9.8"}}, "Read wrongly")
	mustDo(t, err)
	e, err := c.desk.Sign(t.Context(), c.view, id)
	mustDo(t, err)
	if e.State != authored.Amended {
		t.Fatalf("amended: %+v", e)
	}
	c.unchanged(t, versions(c.held(t)), "a sync after the amendment")
	if got := notes(); len(got) != 2 || !strings.Contains(strings.Join(got, "\n"), "Corrected. 11 Mar 2026: Haemoglobin (iron in the blood): 9.8 g/dL (reason: Read wrongly)") {
		t.Errorf("notes after the amendment: %q", got)
	}
}

// TestReplyEvent: the same as an event of the stage that a map names. It does not come
// back as a new fact, also where somebody changes it in DHIS2.
func TestReplyEvent(t *testing.T) {
	c := startClinic(t, true)
	if got := c.command(t, exitDone, "lint"); strings.Contains(got, replyStage.String()) {
		t.Errorf("lint finds something in the stage of replies: %s", got)
	}
	c.sign(t)
	before := versions(c.held(t))
	c.unchanged(t, before, "a sync after the reply")
	var reply dhis2.UID
	c.orders(t, func(o *outbox.Outbox) {
		letters, err := o.Of(t.Context(), replySource, c.her)
		mustDo(t, err)
		if len(letters) != 1 || letters[0].Result != outbox.Written {
			t.Fatalf("orders: %+v", letters)
		}
		reply = letters[0].UID
	})
	ev, err := c.dhis2.Event(t.Context(), reply, "event,programStage,enrollment,orgUnit,status,occurredAt,dataValues[dataElement,value]")
	mustDo(t, err)
	asked, err := c.dhis2.Event(t.Context(), c.event, "event,enrollment,orgUnit")
	mustDo(t, err)
	values := map[dhis2.UID]string{}
	for _, v := range ev.DataValues {
		values[v.DataElement] = v.Value
	}
	want := map[dhis2.UID]string{replyText: strings.TrimPrefix(replySays, "Dr Specialist, The hospital: "), replyAuthor: "Dr Specialist, The hospital", replyDate: "2026-03-11"}
	if diff := gocmp.Diff(want, values); diff != "" || ev.ProgramStage != replyStage || ev.Enrollment != asked.Enrollment || ev.OrgUnit != asked.OrgUnit {
		t.Errorf("the reply in DHIS2: %+v %s", ev, diff)
	}
	c.testServers.dhis2.Advance(time.Minute)
	mustDo(t, c.testServers.dhis2.SetValue(reply, replyText, "changed by somebody"))
	c.unchanged(t, before, "a sync after somebody changed the reply")
}

// TestReplyStaysThePortals: whatever becomes of the referral, of her visits and of her in
// DHIS2, what the portal wrote is the portal's.
func TestReplyStaysThePortals(t *testing.T) {
	c := startClinic(t, false)
	c.sign(t)
	own := c.own(t)
	check := func(why string) {
		t.Helper()
		if diff := gocmp.Diff(versions(own), versions(c.own(t))); diff != "" {
			t.Errorf("%s: %s", why, diff)
		}
	}
	d := c.testServers.dhis2
	mustDo(t, d.Uncomplete(c.event))
	if n, _ := c.sync(t); n.Retracted == 0 {
		t.Errorf("counts %+v: the referral was not taken back", n)
	}
	check("the referral is open again")
	mustDo(t, d.DeleteEvent(c.event))
	c.sync(t)
	check("the referral is deleted")
	// One mother of the sandbox has no number and drifts.
	if got := c.command(t, exitFound, "backfill", "--reconcile", "--repair"); strings.Contains(got, c.her.String()) {
		t.Errorf("the comparison finds something about her: %s", got)
	}
	check("reconciled")
	mustDo(t, d.Delete(c.her))
	c.sync(t)
	for name, r := range own {
		typ, id, _ := strings.Cut(name, "/")
		now, err := c.nehr.Read(t.Context(), typ, id)
		mustDo(t, err)
		if !fhirjson.Equal(r, now.Resource) {
			t.Errorf("she is deleted in DHIS2: %s is another", name)
		}
	}
}
