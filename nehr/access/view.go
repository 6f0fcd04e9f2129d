package access

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// View is one actor's sight of one patient's record, for one purpose. It keeps no
// decision: each of its methods asks the NEHR anew which consents there are, in
// the same request as what it reads, and is in the log before it returns.
// It is safe for use by many goroutines.
type View struct {
	g       *Gate
	actor   Actor
	patient string
	purpose Purpose
	opened  Decision
}

// Patient is whose record it is, "Patient/…".
func (v *View) Patient() string { return v.patient }

// Decision is by what the view was opened. It is for people to read: each method
// decides anew.
func (v *View) Decision() Decision { return v.opened }

// sight is a decision and what it was made of.
type sight struct {
	v        *View
	at       time.Time
	rules    []Rule
	frame    *Frame
	decision Decision
	body     []byte
}

// look asks the queries together with what decides, and decides whether anything
// may be seen. A refusal is logged and returned; a permission is logged at once
// where there is nothing more to ask (no queries), else by the caller, who knows
// then what is shown.
func (v *View) look(ctx context.Context, e Entry, queries ...*query) (*sight, error) {
	s := &sight{v: v, at: v.g.c.Now()}
	if _, _, ok := reference(v.patient); !ok || firstOf(v.patient) != "Patient" {
		return nil, v.refuse(ctx, e, ReasonForeign, nil)
	}
	if v.actor.Kind != KindClinician { // whom no rule concerns
		if s.decision = s.decide(nil); !s.decision.Permitted {
			return nil, v.refuse(ctx, e, s.decision.Reason, nil)
		}
		body, err := v.g.batch(ctx, queries...)
		if err != nil {
			return nil, err
		}
		s.body = body
		if len(queries) == 0 {
			return s, v.permit(ctx, e, s, nil)
		}
		return s, nil
	}
	if d := s.decide(nil); d.Reason == ReasonActor { // nothing is asked for whom nothing could permit
		return nil, v.refuse(ctx, e, d.Reason, nil)
	}
	rules := []*query{hersOf("Consent", v.patient, "status", "active"), hersOf("Task", v.patient), hersOf("ServiceRequest", v.patient)}
	places := []*query{}
	if len(queries) > 0 {
		places = append(places, hersOf("Encounter", v.patient), hersOf("Observation", v.patient, "code", "http://loinc.org|"+pregnancyStatus))
	}
	all := slices.Concat(rules, places, queries)
	if err := v.together(ctx, all); err != nil {
		return nil, err
	}
	var framed []*fhirjson.Value
	for _, q := range all[3 : 3+len(places)] {
		framed = append(framed, v.hers(q.found)...)
	}
	s.frame = NewFrame(framed, v.g.c.Zone)
	if err := s.read(ctx, all[0].found, append(v.hers(all[1].found), v.hers(all[2].found)...)); err != nil {
		return nil, err
	}
	if s.decision = s.decide(nil); !s.decision.Permitted {
		return nil, v.refuse(ctx, e, s.decision.Reason, s.decision.Sources)
	}
	if len(queries) == 0 {
		return s, v.permit(ctx, e, s, nil)
	}
	return s, nil
}

// together asks queries in one request, equal ones once.
func (v *View) together(ctx context.Context, all []*query) error {
	var unique []*query
	by := map[string]*query{}
	for _, q := range all {
		if t := q.target(); by[t] == nil {
			by[t] = q
			unique = append(unique, q)
		}
	}
	if _, err := v.g.batch(ctx, unique...); err != nil {
		return err
	}
	for _, q := range all {
		q.found = by[q.target()].found
	}
	return nil
}

// hers drops what is not the patient's, whatever the server found.
func (v *View) hers(found []*fhirjson.Value) []*fhirjson.Value {
	var hers []*fhirjson.Value
	for _, r := range found {
		if belongs(r, v.patient, v.g.c.NEHR.Base()) {
			hers = append(hers, r)
		}
	}
	return hers
}

// read makes the rules.
func (s *sight) read(ctx context.Context, consents, referrals []*fhirjson.Value) error {
	g := s.v.g
	for _, c := range consents {
		s.rules = append(s.rules, RulesOf(c, s.v.patient, g.c.Zone)...)
	}
	for _, r := range referrals {
		if rule, ok := referralRule(r, s.frame, g.c.Policy, g.c.Zone); ok {
			s.rules = append(s.rules, rule)
		}
	}
	emergencies, err := g.emergencyRules(ctx, s.v.actor, s.v.patient)
	if err != nil {
		return &LogError{Err: err}
	}
	s.rules = append(s.rules, emergencies...)
	return nil
}

func (s *sight) decide(d *Data) Decision {
	return Decide(Request{Actor: s.v.actor, Patient: s.v.patient, Purpose: s.v.purpose, At: s.at, Data: d}, s.rules, s.v.g.c.Policy)
}

// sees decides on one resource.
func (s *sight) sees(r *fhirjson.Value) (Class, Decision) {
	typ := r.Get("resourceType").Str()
	if directory[typ] && (typ != "Device" || r.Get("patient") == nil) {
		return "", Decision{Permitted: s.decision.Permitted, Reason: ReasonDirectory}
	}
	if !belongs(r, s.v.patient, s.v.g.c.NEHR.Base()) {
		return "", Decision{Reason: ReasonForeign}
	}
	d := DataOf(r, s.frame, s.v.g.c.Zone)
	return d.Class, s.decide(&d)
}

// Record reads all of the record that may be seen: by one request what is hers
// and what decides, and by another the organisations, practitioners and places
// that it names. A server that divides answers of 1,000 resources into pages is
// asked for each page.
func (v *View) Record(ctx context.Context) (*Record, error) {
	_, id, _ := reference(v.patient)
	queries := []*query{{typ: "Patient", id: id}}
	for _, t := range recordTypes {
		queries = append(queries, hersOf(t, v.patient))
	}
	e := Entry{Action: ActionRecord}
	s, err := v.look(ctx, e, queries...)
	if err != nil {
		if v.away(err) {
			return v.last(ctx, queries, err)
		}
		return nil, v.failed(ctx, e, err)
	}
	r, names := s.filter(queries)
	bodies := [][]byte{s.body}
	if len(names) > 0 {
		body, err := v.g.batch(ctx, names...)
		if err != nil {
			return nil, v.failed(ctx, e, err)
		}
		s.name(r, names)
		bodies = append(bodies, body)
	}
	r.At = s.at
	if err := v.permit(ctx, e, s, r.Resources); err != nil {
		return nil, err
	}
	if v.actor.Kind == KindPatient {
		v.g.copies.keep(v.patient, s.at, bodies)
	}
	return r, nil
}

// filter takes what may be seen, and makes the queries for what that names.
func (s *sight) filter(queries []*query) (*Record, []*query) {
	r := &Record{Patient: s.v.patient, Decision: s.decision}
	withheld := map[Class]bool{}
	named := map[string][]string{}
	seen := map[string]bool{}
	for _, q := range queries {
		for _, resource := range q.found {
			class, d := s.sees(resource)
			if !d.Permitted {
				if d.Reason != ReasonForeign {
					withheld[class] = true
				}
				continue
			}
			r.Resources = append(r.Resources, resource)
			resource.Strings(func(field, text string) string {
				if field == "reference" {
					ref := local(text, s.v.g.c.NEHR.Base())
					if typ, id, ok := reference(ref); ok && directory[typ] && !seen[ref] {
						seen[ref] = true
						named[typ] = append(named[typ], id)
					}
				}
				return text
			})
		}
	}
	r.Withheld = Withheld{Any: len(withheld) > 0, Classes: sortClasses(withheld)}
	var names []*query
	for _, typ := range []string{"Organization", "Location", "PractitionerRole", "Practitioner", "HealthcareService", "Device", "Medication"} {
		for ids := range slices.Chunk(named[typ], 50) {
			names = append(names, &query{typ: typ, params: map[string][]string{"_id": {strings.Join(ids, ",")}, "_count": {strconv.Itoa(len(ids))}}})
		}
	}
	return r, names
}

// name adds what the record names.
func (s *sight) name(r *Record, names []*query) {
	for _, q := range names {
		for _, resource := range q.found {
			if _, d := s.sees(resource); d.Permitted {
				r.Resources = append(r.Resources, resource)
			}
		}
	}
}

// Read gives one resource of hers, or one of the organisations, practitioners,
// places and devices. What is not there, is another's, or is withheld, is
// ErrNotFound alike.
func (v *View) Read(ctx context.Context, typ, id string) (*fhirjson.Value, error) {
	e := Entry{Action: ActionRead, Type: typ, ID: id}
	r, s, err := v.one(ctx, &e)
	if err != nil {
		return nil, err
	}
	return r, v.permit(ctx, e, s, []*fhirjson.Value{r})
}

// one reads the resource that an entry names. A refusal is logged.
func (v *View) one(ctx context.Context, e *Entry) (*fhirjson.Value, *sight, error) {
	if !idForm.MatchString(e.ID) || !directory[e.Type] && classOfType[e.Type] == "" {
		if !typeForm.MatchString(e.Type) || !idForm.MatchString(e.ID) {
			e.Type, e.ID = "", "" // whatever it is, it is no name
		}
		return nil, nil, v.missing(ctx, *e, ReasonUnknown, nil)
	}
	if e.Type == "Patient" && "Patient/"+e.ID != v.patient {
		return nil, nil, v.missing(ctx, *e, ReasonForeign, fhirjson.Fields(
			fhirjson.F("resourceType", fhirjson.Text("Patient")), fhirjson.F("id", fhirjson.Text(e.ID))))
	}
	q := &query{typ: e.Type, id: e.ID}
	s, err := v.look(ctx, *e, q)
	if err != nil {
		return nil, nil, v.failed(ctx, *e, err)
	}
	if len(q.found) == 0 {
		return nil, nil, v.missing(ctx, *e, ReasonUnknown, nil)
	}
	if _, d := s.sees(q.found[0]); !d.Permitted {
		return nil, nil, v.missing(ctx, *e, d.Reason, q.found[0])
	}
	return q.found[0], s, nil
}

// History gives the versions of one resource, newest first: those that were hers
// and that may be seen, as long as the resource itself may be.
func (v *View) History(ctx context.Context, typ, id string) ([]*fhirjson.Value, error) {
	e := Entry{Action: ActionHistory, Type: typ, ID: id}
	now, s, err := v.one(ctx, &e)
	if err != nil {
		return nil, err
	}
	all, err := v.g.c.NEHR.History(ctx, typ, id)
	if err != nil {
		return nil, v.failed(ctx, e, err)
	}
	var versions []*fhirjson.Value
	for _, r := range all {
		if r.Get("resourceType").Str() != typ || r.Get("id").Str() != now.Get("id").Str() {
			continue
		}
		if _, d := s.sees(r); d.Permitted {
			versions = append(versions, r)
		}
	}
	return versions, v.permit(ctx, e, s, versions)
}

// maxBinary bounds a document in bytes.
const maxBinary = 32 << 20

// Binary gives the content of a document or picture that a DocumentReference or
// Media names which may be seen. No other Binary is there.
func (v *View) Binary(ctx context.Context, id string) (*Binary, error) {
	e := Entry{Action: ActionBinary, Type: "Binary", ID: id}
	if !idForm.MatchString(id) {
		e.ID = ""
		return nil, v.missing(ctx, e, ReasonUnknown, nil)
	}
	documents := []*query{hersOf("DocumentReference", v.patient), hersOf("Media", v.patient)}
	s, err := v.look(ctx, e, documents...)
	if err != nil {
		return nil, v.failed(ctx, e, err)
	}
	named := slices.ContainsFunc(slices.Concat(documents[0].found, documents[1].found), func(r *fhirjson.Value) bool {
		if !slices.ContainsFunc(append(r.All("content.attachment.url"), r.All("content.url")...), func(u *fhirjson.Value) bool {
			return local(u.Str(), v.g.c.NEHR.Base()) == "Binary/"+id
		}) {
			return false
		}
		_, d := s.sees(r)
		return d.Permitted
	})
	if !named {
		return nil, v.missing(ctx, e, ReasonForeign, nil)
	}
	answer, err := v.g.c.NEHR.Read(ctx, "Binary", id)
	if client.IsNotFound(err) {
		return nil, v.missing(ctx, e, ReasonUnknown, nil)
	} else if err != nil {
		return nil, v.failed(ctx, e, err)
	}
	r := answer.Resource
	if c := local(r.Get("securityContext", "reference").Str(), v.g.c.NEHR.Base()); firstOf(c) == "Patient" && c != v.patient {
		return nil, v.missing(ctx, e, ReasonForeign, nil)
	}
	if labels := codings(r.Get("meta", "security")); len(labels) > 0 {
		if d := s.decide(&Data{Type: "Binary", ID: id, Class: Documents, Labels: labels, Episodes: []string{"Binary/" + id}}); !d.Permitted {
			return nil, v.missing(ctx, e, d.Reason, nil)
		}
	}
	encoded := r.Get("data").Str()
	if len(encoded) > maxBinary/3*4+4 {
		return nil, v.failed(ctx, e, fmt.Errorf("read Binary: larger than %d bytes", maxBinary))
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, v.failed(ctx, e, errors.New("read Binary: the content is not base64"))
	}
	if err := v.permit(ctx, e, s, []*fhirjson.Value{r}); err != nil {
		return nil, err
	}
	return &Binary{ContentType: r.Get("contentType").Str(), Data: data}, nil
}

// Audit decides anew and logs what the reader of the view does beside reading:
// ActionCreate, ActionUpdate (of "Type/id"), ActionDisclose. It is called before
// the write or the disclosure, which an error forbids.
func (v *View) Audit(ctx context.Context, action Action, ref string) error {
	e := Entry{Action: action}
	if action != ActionCreate && action != ActionUpdate && action != ActionDisclose {
		e.Action = ActionOpen
		return v.refuse(ctx, e, ReasonParameter, nil)
	}
	if ref != "" {
		typ, id, ok := reference(ref)
		if !ok {
			return v.refuse(ctx, e, ReasonParameter, nil)
		}
		e.Type, e.ID = typ, id
	}
	_, err := v.look(ctx, e)
	return v.failed(ctx, e, err)
}

// permit logs what is shown; without that nothing may be.
func (v *View) permit(ctx context.Context, e Entry, s *sight, shown []*fhirjson.Value) error {
	e.Sources = s.decision.Sources
	classes := map[Class]bool{}
	for _, r := range shown {
		if c := classOf(r); c != "" {
			classes[c] = true
			e.Count++
		}
	}
	if e.Action == ActionBinary {
		classes[Documents], e.Count = true, 1
	}
	e.Classes = sortClasses(classes)
	return v.append(ctx, e, true, s.decision.Reason, e.Sources)
}

// refuse logs a refusal and gives it.
func (v *View) refuse(ctx context.Context, e Entry, why Reason, sources []string) error {
	if err := v.append(ctx, e, false, why, sources); err != nil {
		return err
	}
	return &DeniedError{Reason: why}
}

// missing logs a refusal that looks like what is not there. What belongs to
// another patient stands in her log.
func (v *View) missing(ctx context.Context, e Entry, why Reason, r *fhirjson.Value) error {
	if why == ReasonForeign && r != nil {
		if other := ownerOf(r, v.g.c.NEHR.Base()); other != "" {
			e.Patient = other
		}
	}
	if err := v.append(ctx, e, false, why, nil); err != nil {
		return err
	}
	return ErrNotFound
}

// ownerOf is the patient that a resource belongs to, if any.
func ownerOf(r *fhirjson.Value, base string) string {
	if r.Get("resourceType").Str() == "Patient" {
		return "Patient/" + r.Get("id").Str()
	}
	for _, o := range owners(r) {
		if ref := local(o.Get("reference").Str(), base); is(ref, "Patient") {
			return ref
		}
	}
	return ""
}

// failed passes on an error. What could not be read is logged as a refusal, unless
// that has been done: somebody tried.
func (v *View) failed(ctx context.Context, e Entry, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*DeniedError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*LogError](err); ok {
		return err
	}
	if logErr := v.append(ctx, e, false, ReasonUndecided, nil); logErr != nil {
		return logErr
	}
	return err
}

// append fills in who, whose and why, and logs.
func (v *View) append(ctx context.Context, e Entry, permitted bool, why Reason, sources []string) error {
	if e.Patient == "" && is(v.patient, "Patient") {
		e.Patient = v.patient
	}
	e.Purpose, e.Permitted, e.Reason, e.Sources = v.purpose, permitted, why, sources
	return v.g.record(ctx, v.actor, e)
}
