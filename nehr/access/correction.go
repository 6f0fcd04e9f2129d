package access

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Correction is what she says is wrong in her record, or an entry of the log that she
// does not recognise. In the NEHR it is a Task for her, by her, to nobody in
// particular: to be an order of care to somebody it says nothing (the profile
// generic-task of Sri Lanka, which demands a visit and a place, is not claimed).
// Clinicians do not see it: it may be about them.
type Correction struct {
	ID      string
	Patient string // "Patient/…"
	// About is the resource of hers that it is about, "Type/id"; empty: her record as
	// such.
	About string
	// Entry is the number (Seq) of the entry of the log that she does not recognise; 0:
	// it is about the record.
	Entry int64
	Words string // hers, 1 to 1000 characters; where an entry is named also none
	State CorrectionState
	Reply string // of who has dealt with it: the reason of a refusal, or what was done
	At    time.Time
	// Changed is when its state last did.
	Changed time.Time
}

// CorrectionState is where a Correction stands, a code of task-status.
type CorrectionState string

// The states of corrections.
const (
	CorrectionRequested CorrectionState = "requested" // nobody has read it
	CorrectionReceived  CorrectionState = "received"
	CorrectionAccepted  CorrectionState = "accepted" // it will be done
	CorrectionDone      CorrectionState = "completed"
	CorrectionRejected  CorrectionState = "rejected"
)

// Open tells that somebody has still to deal with it.
func (s CorrectionState) Open() bool {
	return s == CorrectionRequested || s == CorrectionReceived || s == CorrectionAccepted
}

// Systems of a Correction's codes. The second is of HL7 Patient Corrections
// (hl7.fhir.uv.patient-corrections), for other systems to know it by.
const (
	systemTask       = "urn:nehrbridge:task"
	systemCorrection = "http://hl7.org/fhir/uv/patient-corrections/CodeSystem/PatientCorrectionTaskTypes"

	codeCorrection = "correction"
	codeEntry      = "access-question"
	inputWords     = "words"
	inputEntry     = "access-log-entry"
)

// Bounds of a correction.
const (
	mostWords       = 1000 // characters
	openCorrections = 10   // of one patient
	shownReply      = 1000
)

// IsCorrection tells a Task that is a Correction from one of care.
func IsCorrection(r *fhirjson.Value) bool {
	return r.Get("resourceType").Str() == "Task" && slices.ContainsFunc(codings(r.Get("code", "coding")), func(c Code) bool { return c.System == systemTask })
}

// Correct writes what she says is wrong, in the log first. About must be hers and seen
// by her, Entry an entry of her log. At most ten of hers are open at a time.
func (g *Gate) Correct(ctx context.Context, a Actor, c Correction) (id string, err error) {
	e := Entry{Action: ActionCreate, Purpose: PatientRequest, Type: "Task", Patient: safe(a.Person)}
	words := trimmed(plain(c.Words))
	n := utf8.RuneCountInString(words)
	switch {
	case a.Kind != KindPatient || !is(a.Person, "Patient"):
		e.Patient = ""
		return "", g.no(ctx, a, e, ReasonActor)
	case n > mostWords, n == 0 && c.Entry == 0, c.Entry < 0, c.Entry != 0 && c.About != "":
		return "", g.no(ctx, a, e, ReasonText)
	}
	if c.Entry != 0 {
		mine, err := g.logged(ctx, a.Person, c.Entry)
		if err != nil {
			return "", &LogError{Err: err}
		}
		if !mine {
			return "", g.nothing(ctx, a, e)
		}
	}
	if c.About != "" {
		typ, about, ok := reference(c.About)
		if !ok {
			return "", g.nothing(ctx, a, e)
		}
		v, at := &View{g: g, actor: a, patient: a.Person, purpose: PatientRequest}, e
		at.Type, at.ID = typ, about
		if _, _, err := v.one(ctx, &at); err != nil {
			return "", err
		}
	}
	found, err := g.c.NEHR.Search(ctx, "Task", corrections(a.Person))
	if err != nil {
		return "", g.undone(ctx, a, e, err)
	}
	open := 0
	for _, r := range found.Resources {
		if x, ok := correctionOf(r, g.c.Zone); ok && x.Patient == a.Person && x.State.Open() {
			open++
		}
	}
	if open >= openCorrections {
		return "", g.no(ctx, a, e, ReasonTooMany)
	}
	if c.ID, err = g.id(); err != nil {
		return "", err
	}
	c.Patient, c.Words, c.State, c.At = a.Person, words, CorrectionRequested, g.c.Now().UTC().Truncate(time.Millisecond)
	e.ID = c.ID
	return c.ID, g.tasked(ctx, a, e, c.resource(), "")
}

// Corrections are hers, latest first.
func (g *Gate) Corrections(ctx context.Context, a Actor) ([]Correction, error) {
	e := Entry{Action: ActionSearch, Purpose: PatientRequest, Type: "Task", Patient: safe(a.Person), Parameters: []string{"code"}}
	if a.Kind != KindPatient || !is(a.Person, "Patient") {
		e.Patient = ""
		return nil, g.no(ctx, a, e, ReasonActor)
	}
	list, err := g.corrections(ctx, a.Person)
	if err != nil {
		return nil, g.undone(ctx, a, e, err)
	}
	e.Permitted, e.Reason, e.Count = true, ReasonOwn, len(list)
	return given(list, g.record(ctx, a, e))
}

// AllCorrections are those of all patients, latest first, for the operator who deals
// with them: an Actor of KindSystem. Each patient's log says that hers were looked at.
func (g *Gate) AllCorrections(ctx context.Context, a Actor) ([]Correction, error) {
	e := Entry{Action: ActionSearch, Type: "Task", Parameters: []string{"code"}}
	if a.Kind != KindSystem {
		return nil, g.no(ctx, a, e, ReasonActor)
	}
	list, err := g.corrections(ctx, "")
	if err != nil {
		return nil, g.undone(ctx, a, e, err)
	}
	seen := map[string]int{}
	for _, c := range list {
		seen[c.Patient]++
	}
	for _, c := range list {
		if n := seen[c.Patient]; n > 0 {
			e.Patient, e.Permitted, e.Count = c.Patient, true, n
			if err := g.record(ctx, a, e); err != nil {
				return nil, err
			}
			seen[c.Patient] = 0
		}
	}
	return list, nil
}

// Reply says where a correction stands and why, by an operator (KindSystem): reply is
// what she reads, and a rejection needs one. What is done or rejected stays so.
func (g *Gate) Reply(ctx context.Context, a Actor, id string, state CorrectionState, reply string) error {
	e := Entry{Action: ActionUpdate, Type: "Task", ID: id}
	reply = trimmed(plain(reply))
	switch {
	case a.Kind != KindSystem, !idForm.MatchString(id):
		e.ID = ""
		return g.no(ctx, a, e, ReasonActor)
	case !state.Open() && state != CorrectionDone && state != CorrectionRejected, state == CorrectionRequested,
		state == CorrectionRejected && reply == "", utf8.RuneCountInString(reply) > shownReply:
		return g.no(ctx, a, e, ReasonText)
	}
	answer, err := g.c.NEHR.Read(ctx, "Task", id)
	if err != nil {
		return g.undone(ctx, a, e, err)
	}
	c, ok := correctionOf(answer.Resource, g.c.Zone)
	if !ok {
		return g.nothing(ctx, a, e)
	}
	e.Patient = c.Patient
	if !c.State.Open() {
		return g.no(ctx, a, e, ReasonState)
	}
	answer.Resource.Set("status", fhirjson.Text(string(state)))
	answer.Resource.Set("lastModified", instant(g.c.Now()))
	answer.Resource.Delete("statusReason")
	if reply != "" {
		answer.Resource.Set("statusReason", fhirjson.Fields(fhirjson.F("text", fhirjson.Text(reply))))
	}
	return g.tasked(ctx, a, e, answer.Resource, answer.Version)
}

// tasked logs and writes a Task.
func (g *Gate) tasked(ctx context.Context, a Actor, e Entry, task *fhirjson.Value, ifMatch string) error {
	e.Permitted, e.Count = true, 1
	if a.Kind == KindPatient {
		e.Reason = ReasonOwn
	}
	if err := g.record(ctx, a, e); err != nil {
		return err
	}
	if _, err := g.c.NEHR.Update(ctx, "Task", task.Get("id").Str(), task.Encode(), ifMatch); err != nil {
		return g.undone(ctx, a, e, err)
	}
	return nil
}

// nothing logs a refusal that looks like what is not there.
func (g *Gate) nothing(ctx context.Context, a Actor, e Entry) error {
	if err := g.no(ctx, a, e, ReasonForeign); !isDenied(err) {
		return err
	}
	return ErrNotFound
}

func corrections(patient string) url.Values {
	params := url.Values{"code": {systemTask + "|" + codeCorrection + "," + systemTask + "|" + codeEntry}, "_count": {strconv.Itoa(pageSize)}}
	if patient != "" {
		params.Set("patient", patient)
	}
	return params
}

// corrections reads those of a patient, or of all.
func (g *Gate) corrections(ctx context.Context, patient string) ([]Correction, error) {
	found, err := g.c.NEHR.Search(ctx, "Task", corrections(patient))
	if err != nil {
		return nil, err
	}
	var list []Correction
	for _, r := range found.Resources {
		if c, ok := correctionOf(r, g.c.Zone); ok && (patient == "" || c.Patient == patient) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b Correction) int {
		if n := b.At.Compare(a.At); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

// resource writes the Task. correctionOf reads it back as it was.
func (c Correction) resource() *fhirjson.Value {
	code := concept(systemTask, codeEntry)
	if c.Entry == 0 {
		code = concept(systemTask, codeCorrection)
		code.Get("coding").Append(coding(systemCorrection, "medRecCxReq"))
	}
	input := func(kind string, f fhirjson.Member) *fhirjson.Value {
		return fhirjson.Fields(fhirjson.F("type", concept(systemTask, kind)), f)
	}
	var words, entry *fhirjson.Value
	if c.Words != "" {
		words = input(inputWords, fhirjson.F("valueString", fhirjson.Text(c.Words)))
	}
	if c.Entry != 0 {
		// A number of an entry may be larger than an integer of FHIR.
		entry = input(inputEntry, fhirjson.F("valueString", fhirjson.Text(number(c.Entry))))
	}
	return fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Task")),
		fhirjson.F("id", fhirjson.Text(c.ID)),
		fhirjson.F("status", fhirjson.Text(string(c.State))),
		fhirjson.F("intent", fhirjson.Text("order")),
		fhirjson.F("code", code),
		fhirjson.F("focus", refer(c.About)),
		fhirjson.F("for", refer(c.Patient)),
		fhirjson.F("authoredOn", instant(c.At)),
		fhirjson.F("lastModified", instant(c.At)),
		fhirjson.F("requester", refer(c.Patient)),
		fhirjson.F("input", listOf(words, entry)),
	)
}

// correctionOf reads a Task; false where it is another one, or not hers by herself.
func correctionOf(r *fhirjson.Value, zone *time.Location) (c Correction, ok bool) {
	if !IsCorrection(r) || r.Get("for", "reference").Str() != r.Get("requester", "reference").Str() {
		return c, false
	}
	c = Correction{ID: r.Get("id").Str(), Patient: r.Get("for", "reference").Str(), About: r.Get("focus", "reference").Str(),
		State: CorrectionState(r.Get("status").Str()), Reply: r.Get("statusReason", "text").Str()}
	c.At, _, _ = interval(r.Get("authoredOn").Str(), zone)
	c.Changed, _, _ = interval(r.Get("lastModified").Str(), zone)
	switch c.State { // of what another system has made of it
	case "cancelled", "failed":
		c.State = CorrectionRejected
	case "in-progress", "ready", "on-hold":
		c.State = CorrectionAccepted
	}
	for _, in := range r.Get("input").Items() {
		for _, kind := range codings(in.Get("type", "coding")) {
			switch kind {
			case Code{systemTask, inputWords}:
				c.Words = in.Get("valueString").Str()
			case Code{systemTask, inputEntry}:
				c.Entry, _ = strconv.ParseInt(in.Get("valueString").Str(), 10, 64)
			}
		}
	}
	return c, is(c.Patient, "Patient") && c.State != "entered-in-error" && c.State != "draft"
}

// plain takes out what is no word: control characters, and marks that turn the
// direction of the text around them.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r), r == utf8.RuneError, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f:
			return -1
		}
		return r
	}, s)
}
