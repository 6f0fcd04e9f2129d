package mapper_test

import (
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

type encounter struct {
	Status, Class string
	Type, Reason  []string
	Start, End    string
	Participant   string
	Place         []string
	Profile       []string
}

func readEncounter(r *record, res nehr.Resource) any {
	e := res.(*nehr.Encounter)
	out := encounter{
		Status: string(e.Status), Class: e.Class.Code, Type: coded(&e.Type[0]), Start: e.Period.Start, End: e.Period.End, Profile: e.Meta.Profile,
	}
	if len(e.ReasonCode) == 1 {
		out.Reason = coded(&e.ReasonCode[0])
	}
	if who := e.Participant[0].Individual; who.Reference == "" {
		out.Participant = absentReason(who.Extension)
	} else {
		out.Participant = r.resource(who).ResourceType()
	}
	out.Place = []string{r.resource(e.ServiceProvider).(*nehr.Organization).Name, r.resource(e.Location[0].Location).(*nehr.Location).Name}
	return out
}

func seen(stage, start, end string) encounter {
	return encounter{
		Status: "finished", Class: "AMB", Type: []string{"urn:dhis2:programStage|" + stage}, Reason: []string{"sct|77386006"},
		Start: start, End: end, Participant: "Practitioner", Place: []string{"Akurana Clinic", "Akurana Clinic"},
		Profile: []string{nehr.ProfileLKEncounter},
	}
}

// Only the mapped program's mapped stages become visits of a pregnancy: a
// visit of another program must not leak, still less as a pregnancy.
func TestD022_OtherProgramsStayOut(t *testing.T) {
	doc := func(answer string) *dhis2.TrackedEntity {
		e := visit(value("cw35l7X4hnV", "11"))
		switch answer {
		case "other stage":
			e.ProgramStage = uid("Zaa00000001")
		case "other program":
			e.Program = uid("Zaa00000002")
		case "": // un-completed
			e.Status = dhis2.EventActive
		}
		return mother(registration(), e)
	}
	anc := seen(visitStage, "2025-10-02", "2025-10-02")
	row := clinical{
		doc: doc, typ: "Encounter", key: ofEvent(visitEvent), says: readEncounter, others: true,
		positive: case1{"mapped", anc}, negative: case1{"other stage", nil},
		corrected: [2]case1{{"other program", nil}, {"mapped", anc}},
	}
	row.run(t)
	for _, a := range []string{"other stage", "other program"} {
		r := mapped(t, doc(a))
		if i := r.issues(mapper.RuleUnmappedStage); len(i) != 1 || i[0].Severity != mapper.Information || i[0].Event != uid(visitEvent) {
			t.Errorf("%s: want one information, got %v", a, r.result.Issues)
		}
		if _, leaked := at[*nehr.Observation](r, ofElement(visitEvent, "cw35l7X4hnV")); leaked {
			t.Errorf("%s: its facts were sent", a)
		}
	}
	t.Run("enrollment of another program", func(t *testing.T) {
		te := mother(registration())
		hiv := te.Enrollments[0]
		hiv.Enrollment, hiv.Program = uid("Eaa00000002"), uid("Zaa00000002")
		e := event("Vaa00000008", "Zaa00000001", "2025-09-05")
		e.Enrollment, e.Program = hiv.Enrollment, hiv.Program
		hiv.Events = []dhis2.Event{e}
		te.Enrollments = append(te.Enrollments, hiv)
		r := mapped(t, te)
		if n := len(all[*nehr.Encounter](r)); n != 1 {
			t.Errorf("%d encounters, want that of the mapped program", n)
		}
	})
	t.Run("sensitivity", func(t *testing.T) {
		lk := lkMap(t)
		lk.Sensitivity = []mapper.Label{"SEX"}
		lk.Stages[0].Sensitivity = []mapper.Label{"R"}
		element(t, lk, registrationStage, "OGGnIEQSH1O").Sensitivity = []mapper.Label{"PSY"}
		te := mother(registration(value("OGGnIEQSH1O", "true"), value("R4EnBNPKblS", "true"), value("vuDExM32SZ6", "2025-10-01")),
			visit(value("p7yWXAO6ag7", "true"), value("Y3xF4qecAVw", "120")))
		r := mapped(t, te, func(c *mapper.Config) {
			c.Maps, c.Plausibility = []*mapper.Map{lk}, mapper.PlausibilityDetectedIssue
		})
		labels := func(res nehr.Resource) (out []string) {
			for _, s := range res.Common().Meta.Security {
				out = append(out, s.Code)
			}
			return out
		}
		same(t, "psychiatric illness", labels(made[*nehr.Condition](r, registrationEvent, "OGGnIEQSH1O")), []string{"SEX", "R", "PSY"})
		same(t, "cardiac disease", labels(made[*nehr.Condition](r, registrationEvent, "R4EnBNPKblS")), []string{"SEX", "R"})
		same(t, "course", labels(one[*nehr.MedicationStatement](r)), []string{"SEX"})
		same(t, "detected issue", labels(all[*nehr.DetectedIssue](r)[0]), []string{"SEX", "R"})
		// The Patient is shared: a label there would tell everybody.
		same(t, "patient", labels(one[*nehr.Patient](r)), nil)
		for _, res := range r.byURL {
			switch res.(type) {
			case *nehr.Patient, *nehr.Practitioner, *nehr.Organization, *nehr.Location, *nehr.Device:
				same(t, res.ResourceType(), labels(res), nil)
			default:
				if l := labels(res); len(l) == 0 || l[0] != "SEX" {
					t.Errorf("%s has not the label of the program: %v", res.ResourceType(), l)
				}
			}
		}
	})
}

// A visit has the date when it took place; when it was planned is an
// appointment.
func TestD024_PeriodStartsWhenItOccurred(t *testing.T) {
	doc := func(occurred string) *dhis2.TrackedEntity {
		e := visit(value("cw35l7X4hnV", "11"))
		e.OccurredAt, e.ScheduledAt = dhis2.Timestamp(occurred), "2025-09-25T00:00:00.000"
		return mother(e)
	}
	clinical{
		doc: doc, typ: "Encounter", key: ofEvent(visitEvent), says: readEncounter, others: true,
		positive:  case1{"2025-10-02T00:00:00.000", seen(visitStage, "2025-10-02", "2025-10-02")},
		negative:  case1{"2025-10-02T08:15:00.000", seen(visitStage, "2025-10-02T08:15:00+00:00", "2025-10-02T09:30:00+00:00")},
		corrected: [2]case1{{"2025-10-02", seen(visitStage, "2025-10-02", "2025-10-02")}, {"2025-10-01", seen(visitStage, "2025-10-01", "2025-10-01")}},
	}.run(t)
	t.Run("the end has the precision of the start", func(t *testing.T) {
		for _, c := range []struct{ name, occurred, completed, end string }{
			{"completed later that day", "2025-10-02T08:15:00.000", "2025-10-02T08:45:30.250", "2025-10-02T08:45:30.250+00:00"},
			{"completed on another day", "2025-10-02T08:15:00.000", "2025-10-03T08:45:00.000", ""},
			{"completed before", "2025-10-02T08:15:00.000", "2025-10-02T08:00:00.000", ""},
			{"completed at the same time", "2025-10-02T08:15:00.000", "2025-10-02T08:15:00.000", ""},
			{"completion unknown", "2025-10-02T08:15:00.000", "", ""},
			{"a day, completed much later", "2025-10-02", "2025-10-09T08:15:00.000", "2025-10-02"},
		} {
			e := visit()
			e.OccurredAt, e.CompletedAt = dhis2.Timestamp(c.occurred), dhis2.Timestamp(c.completed)
			same(t, c.name, one[*nehr.Encounter](mapped(t, mother(e))).Period.End, c.end)
		}
	})
}

// A time has an offset, a day has none (R4, dateTime).
func TestD025_TimesHaveAZone(t *testing.T) {
	e := visit(value("cw35l7X4hnV", "11"))
	e.OccurredAt, e.CompletedAt = "2025-10-02T20:15:00.000", "2025-10-02T20:30:00.000"
	for _, c := range []struct {
		name   string
		ctx    *dhis2.Context
		change func(*mapper.Config)
		want   string
	}{
		{"the server's own zone", server(), func(*mapper.Config) {}, "2025-10-02T20:15:00+00:00"},
		{"written in another zone", server(), func(c *mapper.Config) { c.Zone = colombo(t) }, "2025-10-03T01:45:00+05:30"},
		{"the server's zone overridden", server(), func(c *mapper.Config) { c.ServerZone = colombo(t) }, "2025-10-02T20:15:00+05:30"},
		{"without a server the map's zone", nil, func(*mapper.Config) {}, "2025-10-02T20:15:00+05:30"},
	} {
		o := made[*nehr.Observation](mappedIn(t, mother(e), c.ctx, c.change), visitEvent, "cw35l7X4hnV")
		same(t, c.name, o.EffectiveDateTime, c.want)
	}
}

type request struct {
	Status, Intent, Text      string
	Code                      []string
	Occurrence, Authored      string
	Requester, Encounter, Who string
	Reason                    string
	Profile                   []string
}

func readRequest(r *record, res nehr.Resource) any {
	s := res.(*nehr.ServiceRequest)
	out := request{
		Status: string(s.Status), Intent: string(s.Intent), Code: coded(s.Code), Text: s.Code.Text,
		Occurrence: s.OccurrenceDateTime, Authored: s.AuthoredOn,
		Requester: r.resource(s.Requester).ResourceType(), Encounter: r.resource(s.Encounter).Common().Identifier[0].Value,
		Who: r.resource(s.Subject).ResourceType(), Profile: s.Meta.Profile,
	}
	if len(s.ReasonCode) > 0 {
		out.Reason = s.ReasonCode[0].Text
	}
	return out
}

func referred(reason string) request {
	return request{
		Status: "active", Intent: "order", Code: []string{"sct|3457005"}, Text: "Patient referral",
		Occurrence: "2025-10-16", Authored: "2025-10-16", Requester: "Practitioner", Encounter: referralEvent, Who: "Patient",
		Reason: reason, Profile: []string{nehr.ProfileLKReferralRequest},
	}
}

// A referral is something that a facility can accept.
func TestD028_ReferralIsARequest(t *testing.T) {
	doc := func(answer string) *dhis2.TrackedEntity {
		e := referral(value("kLAB3XIylS8", answer))
		switch answer {
		case "": // un-completed
			e.Status = dhis2.EventActive
		case "only needed": // asked at a visit, not requested
			return mother(visit(value("la93qSXMNCI", "true"), value("kLAB3XIylS8", "bleeding")))
		}
		return mother(visit(), e)
	}
	clinical{
		doc: doc, typ: "ServiceRequest", key: ofEvent(referralEvent), says: readRequest, others: true,
		positive:  case1{"bleeding", referred("bleeding")},
		negative:  case1{"only needed", nil},
		corrected: [2]case1{{"bleeding", referred("bleeding")}, {"high blood pressure", referred("high blood pressure")}},
	}.run(t)
	t.Run("task", func(t *testing.T) {
		clinical{
			doc: doc, typ: "Task", key: ofEvent(referralEvent), others: true,
			says: func(r *record, res nehr.Resource) any {
				k := res.(*nehr.Task)
				return []string{string(k.Status), string(k.Intent), r.resource(k.Focus).ResourceType(), r.resource(k.For).ResourceType(), k.AuthoredOn, absentReason(k.Location.Extension)}
			},
			positive:  case1{"bleeding", []string{"requested", "order", "ServiceRequest", "Patient", "2025-10-16", "unknown"}},
			negative:  case1{"only needed", nil},
			corrected: [2]case1{{"only needed", nil}, {"bleeding", []string{"requested", "order", "ServiceRequest", "Patient", "2025-10-16", "unknown"}}},
		}.run(t)
	})
}

func TestG6_ReferralByTheNationalProfiles(t *testing.T) {
	r := mapped(t, mother(referral(value("kLAB3XIylS8", "bleeding"))))
	same(t, "request", readRequest(r, one[*nehr.ServiceRequest](r)), any(referred("bleeding")))
	k := one[*nehr.Task](r)
	same(t, "profile", k.Meta.Profile, []string{nehr.ProfileLKReferralTask})
	same(t, "encounter", r.resource(k.Encounter).Common().Identifier[0].Value, referralEvent)
	same(t, "requester", r.resource(k.Requester).ResourceType(), "Practitioner")
	if k.Owner != nil || one[*nehr.ServiceRequest](r).Performer != nil {
		t.Error("a referral without target names nobody, which would give access")
	}
	if k.LastModified != "" && k.LastModified < k.AuthoredOn {
		t.Error("inv-1: lastModified before authoredOn")
	}

	t.Run("nobody known", func(t *testing.T) {
		e := referral(value("kLAB3XIylS8", "bleeding"))
		e.CompletedBy, e.UpdatedBy, e.CreatedBy = "", dhis2.User{}, dhis2.User{}
		r := mapped(t, mother(e))
		same(t, "requester of the request", r.resource(one[*nehr.ServiceRequest](r).Requester).ResourceType(), "Organization")
		same(t, "requester of the task", r.resource(one[*nehr.Task](r).Requester).ResourceType(), "Device")
	})
	target := func(t *testing.T, r *record) {
		t.Helper()
		hospital := "Kandy Hospital"
		same(t, "performer", r.resource(&one[*nehr.ServiceRequest](r).Performer[0]).(*nehr.Organization).Name, hospital)
		same(t, "owner", r.resource(one[*nehr.Task](r).Owner).(*nehr.Organization).Name, hospital)
		same(t, "location", r.resource(one[*nehr.Task](r).Location).(*nehr.Location).Name, hospital)
	}
	t.Run("target by element", func(t *testing.T) {
		lk := lkMap(t)
		lk.Referral.Target = uid("Taa00000001")
		lk.Stages[2].Elements = append(lk.Stages[2].Elements, mapper.StageElement{
			Element: mapper.Element{UID: lk.Referral.Target, Name: "Refer to", Type: dhis2.OrganisationUnitType}, Kind: mapper.KindReferralTarget})
		target(t, mapped(t, mother(referral(value("Taa00000001", hospitalUID))), func(c *mapper.Config) { c.Maps = []*mapper.Map{lk} }))
	})
	t.Run("target by table", func(t *testing.T) {
		lk := lkMap(t)
		lk.Referral.Table = map[dhis2.UID]dhis2.UID{uid(clinicUID): uid(hospitalUID)}
		target(t, mapped(t, mother(referral()), func(c *mapper.Config) { c.Maps = []*mapper.Map{lk} }))
		lk.Referral.Table = map[dhis2.UID]dhis2.UID{uid(hospitalUID): uid(countryUID)}
		k := one[*nehr.Task](mapped(t, mother(referral()), func(c *mapper.Config) { c.Maps = []*mapper.Map{lk} }))
		same(t, "of a unit that the table does not name", absentReason(k.Location.Extension), "unknown")
	})
}

// What the map does not know is said, not dropped in silence.
func TestD029_UnmappedElementsAreReported(t *testing.T) {
	te := mother(visit(value("Zaa00000009", "forgotten"), value("Ei55u2kvdzm", "true"), value("GCHralHLuAB", "true")))
	te.Attributes = append(te.Attributes, attribute("Zaa00000008", "forgotten"))
	r := mapped(t, te)
	e, a := r.issues(mapper.RuleUnmappedElement), r.issues(mapper.RuleUnmappedAttribute)
	if len(e) != 1 || e[0].Element != uid("Zaa00000009") || e[0].Event != uid(visitEvent) || e[0].Severity != mapper.Information {
		t.Errorf("element: %v", e)
	}
	if len(a) != 1 || a[0].Attribute != uid("Zaa00000008") || a[0].Severity != mapper.Information {
		t.Errorf("attribute: %v", a)
	}
	// The two elements that the reference implementation dropped.
	made[*nehr.Observation](r, visitEvent, "Ei55u2kvdzm")
	if _, ok := at[*nehr.MedicationStatement](r, ofCourse("GCHralHLuAB")); !ok {
		t.Error("vitamin C was dropped")
	}
}

// One bad value never costs the other facts of the woman.
func TestD030_OneBadValueCostsNothingElse(t *testing.T) {
	good := []dhis2.DataValue{value("gu4sr8eOZcT", "18"), value("Sx8XEKmdhFf", "false")}
	want := mapped(t, mother(registration(value("TRkCMVFhrmr", "2")), visit(good...))).contents()
	for _, bad := range []struct{ element, text string }{
		{"cw35l7X4hnV", "eleven"}, {"cw35l7X4hnV", "11,2"}, {"cw35l7X4hnV", "1e1"}, {"aDaoKP0DB1c", "0"}, {"aDaoKP0DB1c", "24.5"},
		{"k7K4aO0RXew", "yes"}, {"Ei55u2kvdzm", "false"}, {"CbZCIisQAzv", "-5"}, {"p7yWXAO6ag7", "1"},
	} {
		r := mapped(t, mother(registration(value("TRkCMVFhrmr", "2")), visit(append(good[:2:2], value(bad.element, bad.text))...)))
		same(t, "facts beside "+bad.element+" = "+bad.text, r.contents(), want)
		i := r.issues(mapper.RuleValueType)
		if len(i) != 1 || i[0].Element != uid(bad.element) || i[0].Event != uid(visitEvent) || i[0].Severity != mapper.Warning || i[0].Type == "" || i[0].Name == "" {
			t.Errorf("%s: want one issue with event, element, name and type, got %v", bad.element, i)
		}
	}
	t.Run("30 February", func(t *testing.T) {
		r := mapped(t, mother(registration(value("vuDExM32SZ6", "2025-02-30"), value("TRkCMVFhrmr", "2"))))
		if i := r.issues(mapper.RuleValueType); len(i) != 1 || i[0].Type != dhis2.DateType {
			t.Errorf("want one issue, got %v", r.result.Issues)
		}
		made[*nehr.Observation](r, registrationEvent, "TRkCMVFhrmr")
	})
	t.Run("at the ends of the calendar", func(t *testing.T) {
		for _, at := range []string{"0001-01-01T00:30:00", "9999-12-31T23:45:00", "0001-01-01T00:30:00+14:00", "9999-12-31T23:59:00-12:00"} {
			for _, name := range []string{"Asia/Colombo", "America/New_York", "Etc/UTC"} {
				e := visit(value("cw35l7X4hnV", "11"))
				e.OccurredAt, e.CompletedAt = dhis2.Timestamp(at), dhis2.Timestamp(at)
				planned := event("Vaa00000007", visitStage, at)
				planned.Status, planned.ScheduledAt = dhis2.EventScheduled, dhis2.Timestamp(at)
				r := mapped(t, mother(registration(value("TRkCMVFhrmr", "2")), e, planned), func(c *mapper.Config) {
					c.ServerZone, c.Zone = zone(t, name), zone(t, "Etc/UTC")
				})
				made[*nehr.Observation](r, registrationEvent, "TRkCMVFhrmr")
				valid(t, r.json)
				r = mapped(t, mother(e, planned), func(c *mapper.Config) { c.Zone = zone(t, name) })
				valid(t, r.json)
			}
		}
	})
}
