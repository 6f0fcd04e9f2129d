package mapper_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// meta is an object and profile an array, of every entry.
func TestD031_MetaIsAnObject(t *testing.T) {
	r := mapped(t, full())
	if len(r.Bundle.Entry) < 20 {
		t.Fatalf("only %d entries", len(r.Bundle.Entry))
	}
	for _, res := range r.byURL { // Decode refuses any other shape
		switch res.(type) {
		case *nehr.Appointment, *nehr.Consent, *nehr.DetectedIssue:
			continue // R4 base
		}
		if n := len(res.Common().Meta.Profile); n != 1 {
			t.Errorf("%s claims %d profiles", res.ResourceType(), n)
		}
	}
	same(t, "patient", one[*nehr.Patient](r).Meta.Profile, []string{nehr.ProfileLKPatient})
}

// full is a document with something in each stage.
func full() *dhis2.TrackedEntity {
	planned := event("Vaa00000004", visitStage, "2025-10-30")
	planned.Status, planned.OccurredAt, planned.ScheduledAt = dhis2.EventScheduled, "", "2025-10-30T00:00:00.000"
	return mother(
		registration(value("R4EnBNPKblS", "true"), value("J3eLUAZkM6M", "false"), value("RpRCMceQhks", "true"), value("vuDExM32SZ6", "2025-07-02"),
			value("r5TIiovGHdi", "2026-04-08"), value("TRkCMVFhrmr", "2"), value("BqkEw3MQDNI", "4"), value("YuZEbIjLLKZ", "false")),
		visit(value("gu4sr8eOZcT", "13"), value("Y3xF4qecAVw", "120"), value("QMCuOLLRHHD", "80"), value("cw35l7X4hnV", "10.50"),
			value("p7yWXAO6ag7", "true"), value("VlLlBQbxmE5", "false")),
		referral(value("kLAB3XIylS8", "bleeding"), value("B6mWJ74OY4e", "rest")),
		planned,
	)
}

func patient(t testing.TB, te *dhis2.TrackedEntity, change ...func(*mapper.Config)) (*nehr.Patient, *record) {
	t.Helper()
	r := mapped(t, te, change...)
	return one[*nehr.Patient](r), r
}

// Attributes come from wherever they stand; of two the later one counts.
func TestD032_AttributesFromEverywhere(t *testing.T) {
	t.Run("at the tracked entity alone", func(t *testing.T) {
		te := mother()
		te.Attributes, te.Enrollments[0].Attributes = te.Enrollments[0].Attributes, nil
		p, r := patient(t, te)
		same(t, "name", p.Name[0].Text, "Nilanthi Perera")
		same(t, "issues", len(r.issues(mapper.RuleAttributeConflict)), 0)
	})
	t.Run("in the second enrollment", func(t *testing.T) {
		te := mother()
		second := te.Enrollments[0]
		second.Enrollment, second.EnrolledAt = uid("Eaa00000002"), "2026-09-03"
		second.Attributes = []dhis2.Attribute{attribute(phoneAttribute, "0771234567")}
		te.Enrollments = append(te.Enrollments, second)
		p, _ := patient(t, te)
		same(t, "phone", p.Telecom[0].Value, "+94771234567")
	})
	t.Run("no enrollment at all", func(t *testing.T) {
		te := mother()
		te.Enrollments = nil
		refused(t, te, mapper.NotEnrolled)
	})
	for _, c := range []struct {
		name                      string
		entity, first, second     string // values; the tracked entity's, then two enrollments'
		atEntity, first2, second2 dhis2.Timestamp
		want                      string
		conflict                  int
	}{
		{"equal values are no conflict", "A", "A", "", stamp, "2025-09-01T00:00:00.000", "", "A", 0},
		{"later at the tracked entity", "A", "B", "", "2025-09-05T00:00:00.000", stamp, "", "A", 1},
		{"later in the enrollment", "A", "B", "", stamp, "2025-09-05T00:00:00.000", "", "B", 1},
		{"equal times: the enrollment", "A", "B", "", stamp, stamp, "", "B", 1},
		{"equal times: the later enrollment", "", "B", "C", "", stamp, stamp, "C", 1},
		{"later in the earlier enrollment", "", "B", "C", "", "2025-09-05T00:00:00.000", stamp, "B", 1},
		{"a blank is no value", "A", " ", "", stamp, "2025-09-05T00:00:00.000", "", "A", 0},
		{"other forms of time", "A", "B", "", "2025-09-05", "2025-09-04T23:59:59", "", "A", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			te := set(mother(), nameAttribute, "")
			add := func(to *[]dhis2.Attribute, text string, at dhis2.Timestamp) {
				if text != "" {
					*to = append(*to, dhis2.Attribute{Attribute: uid(nameAttribute), Value: text, UpdatedAt: at})
				}
			}
			second := te.Enrollments[0]
			second.Enrollment, second.EnrolledAt, second.Attributes = uid("Eaa00000002"), "2026-09-03", nil
			add(&te.Attributes, c.entity, c.atEntity)
			add(&te.Enrollments[0].Attributes, c.first, c.first2)
			add(&second.Attributes, c.second, c.second2)
			// The array's order means nothing: the later enrollment stands first.
			te.Enrollments = append([]dhis2.Enrollment{second}, te.Enrollments...)
			p, r := patient(t, te)
			same(t, "name", p.Name[0].Text, c.want)
			same(t, "conflicts", len(r.issues(mapper.RuleAttributeConflict)), c.conflict)
		})
	}
}

// Initials, patronymics and ge names are not taken apart.
func TestD033_NamesAreNotGuessed(t *testing.T) {
	for _, full := range []string{"Sita", "W. M. Nilanthi Perera", "නිලන්ති පෙරේරා", "நிலாந்தி பெரேரா", "  Two   blanks "} {
		p, _ := patient(t, set(mother(), nameAttribute, full))
		n := p.Name[0]
		same(t, "text", n.Text, strings.TrimSpace(full))
		same(t, "family and given", []any{n.Family, n.Given, absentElement(n.FamilyExt), absentReason(n.GivenExt[0].Extension)},
			[]any{"", nehr.Strings{""}, "unknown", "unknown"})
	}
	split := func(c *mapper.Config) { c.Names = mapper.NamesSplitLast }
	for full, want := range map[string][]string{
		"Sita":                   {"Sita"},
		"Nilanthi Kumari Perera": {"Perera", "Nilanthi", "Kumari"},
	} {
		p, _ := patient(t, set(mother(), nameAttribute, full), split)
		n := p.Name[0]
		if len(want) == 1 {
			same(t, full, []any{n.Family, absentReason(n.GivenExt[0].Extension)}, []any{want[0], "unknown"})
			continue
		}
		same(t, full, append([]string{n.Family}, n.Given...), want)
	}
	p, _ := patient(t, set(mother(), nameAttribute, ""))
	same(t, "no name", []any{p.Name[0].Text, absentElement(p.Name[0].FamilyExt)}, []any{"", "unknown"})
}

type address struct {
	Text, City, District, State, PostalCode, Country string
	Line                                             []string
}

func readAddress(a nehr.Address) address {
	absent := func(s string, e *nehr.Element) string {
		if s == "" {
			return absentElement(e)
		}
		return s
	}
	out := address{Text: a.Text, City: absent(a.City, a.CityExt), District: absent(a.District, a.DistrictExt),
		State: absent(a.State, a.StateExt), PostalCode: a.PostalCode, Country: absent(a.Country, a.CountryExt), Line: a.Line}
	if len(a.LineExt) > 0 {
		out.Line = []string{absentReason(a.LineExt[0].Extension)}
	}
	return out
}

// The text is kept; parts are taken from it, and what it lacks is absent.
func TestD034_AddressKeepsItsText(t *testing.T) {
	const no = "unknown"
	for text, want := range map[string]address{
		"123 Main Street, 1234 Akurana, Kandy, Central Province, LK": {"", "1234 Akurana", "Kandy", "Central Province", "", "LK", []string{"123 Main Street"}},
		"12 Temple Road\nAkurana 20850\nKandy District\nSri Lanka":   {"", "Akurana", "Kandy District", no, "20850", "Sri Lanka", []string{"12 Temple Road"}},
		"12 Temple Road\r\nAkurana":                                  {"", "Akurana", no, no, "", no, []string{"12 Temple Road"}},
		"Akurana":                                                    {"", no, no, no, "", no, []string{"Akurana"}},
		"Kandy":                                                      {"", no, "Kandy", no, "", no, []string{no}},
		"sri lanka":                                                  {"", no, no, no, "", "sri lanka", []string{no}},
		"1 A St, B, nuwara eliya, NORTH WESTERN PROVINCE, 123456, 20000": {"", "123456", "nuwara eliya", "NORTH WESTERN PROVINCE", "20000", no, []string{"1 A St", "B"}},
		"Kandy, Kandy": {"", no, "Kandy", no, "", no, []string{"Kandy"}},
		",":            {"", no, no, no, "", no, []string{no}},
		"மாத்தளை வீதி, யாழ்ப்பாணம்": {"", "யாழ்ப்பாணம்", no, no, "", no, []string{"மாத்தளை வீதி"}},
	} {
		p, _ := patient(t, set(mother(), addressAttribute, text))
		want.Text = text
		same(t, text, readAddress(p.Address[0]), want)
	}
	p, _ := patient(t, mother())
	same(t, "no address", len(p.Address), 0)
}

// No country is claimed that the text does not name.
func TestD035_CountryIsNotForced(t *testing.T) {
	p, _ := patient(t, set(mother(), addressAttribute, "5 High Street, Chennai, India"))
	same(t, "country", absentElement(p.Address[0].CountryExt), "unknown")
	same(t, "country value", p.Address[0].Country, "")
	same(t, "city", p.Address[0].City, "India")
}

// refused maps a document that must give no bundle.
func refused(t *testing.T, te *dhis2.TrackedEntity, want mapper.RefusalReason, change ...func(*mapper.Config)) *mapper.Result {
	t.Helper()
	result, err := newMapper(t, change...).Map(te, server())
	refusal, ok := errors.AsType[*mapper.Refusal](err)
	if !ok || refusal.Reason != want || refusal.TrackedEntity != te.TrackedEntity {
		t.Fatalf("want a refusal %s, got %v", want, err)
	}
	if result == nil || result.Bundle != nil {
		t.Fatal("a refused document has issues and no bundle")
	}
	return result
}

// Without a PHN all women would become one Patient: nothing is sent.
func TestD036_NoPHNNothingSent(t *testing.T) {
	key := func(phn string) nehr.Key { return nehr.Key{System: nehr.SystemPHN, Value: phn} }
	doc := func(phn string) *dhis2.TrackedEntity {
		return set(mother(registration(value("R4EnBNPKblS", "true"))), phnAttribute, phn)
	}
	t.Run("positive", func(t *testing.T) {
		r := mapped(t, doc("4054123456A"))
		p, ok := at[*nehr.Patient](r, key("4054123456A"))
		if !ok {
			t.Fatal("the patient is not keyed by her PHN")
		}
		id := p.FindIdentifier(nehr.SystemPHN)
		same(t, "PHN", []string{string(id.Use), id.Value, id.Type.Coding[0].Code}, []string{"official", "4054123456A", "PHN"})
		same(t, "request", r.requests[nehr.FullURL("Patient", key("4054123456A"))],
			"PUT Patient?identifier=http%3A%2F%2Ffhir.health.gov.lk%2Fips%2Fidentifier%2Fphn%7C4054123456A")
	})
	t.Run("negative", func(t *testing.T) {
		for _, phn := range []string{" ", "\t\n", "null", "none", "undefined", "123", "4054 123456A", "4054|123456", "----", strings.Repeat("1", 33), "ප්‍රියා1234"} {
			refused(t, doc(phn), mapper.Quarantined)
		}
	})
	t.Run("cleared", func(t *testing.T) {
		refused(t, doc(""), mapper.Quarantined)
	})
	t.Run("corrected", func(t *testing.T) {
		before, after := mapped(t, doc("4054123456A")), mapped(t, doc("4054123456B"))
		_, old := at[*nehr.Patient](after, key("4054123456A"))
		p, ok := at[*nehr.Patient](after, key("4054123456B"))
		if old || !ok {
			t.Fatal("the patient is not the one with the new PHN")
		}
		if p.FindIdentifier(nehr.SystemDHIS2TrackedEntity) == nil {
			t.Error("the new one does not keep the tracked entity")
		}
		// Her facts keep their ids and move to the new Patient.
		a, b := made[*nehr.Condition](before, registrationEvent, "R4EnBNPKblS"), made[*nehr.Condition](after, registrationEvent, "R4EnBNPKblS")
		same(t, "id", b.Id, a.Id)
		same(t, "subject", b.Subject.Reference, nehr.FullURL("Patient", key("4054123456B")))
	})
	t.Run("scheme demanded", func(t *testing.T) {
		demand := func(c *mapper.Config) { c.PHNScheme = "ndhgs2" }
		refused(t, doc("12345678"), mapper.Quarantined, demand)
	})
	t.Run("accepted with an issue", func(t *testing.T) {
		for _, phn := range []string{"1234", "A-b-1", strings.Repeat("9", 32)} {
			r := mapped(t, doc(phn))
			if i := r.issues(mapper.RulePHNForm); len(i) != 1 {
				t.Errorf("a PHN that misses the national form: %v", r.result.Issues)
			}
		}
	})
}

func TestD046_GenderByTheMapsTable(t *testing.T) {
	for option, want := range map[string]nehr.Gender{
		"Female": "female", "FEMALE": "female", "male": "male", "Other": "other", "Unknown": "unknown", "": "unknown", "ගැහැණු": "unknown", "F": "unknown",
	} {
		p, r := patient(t, set(mother(), genderAttribute, option))
		same(t, option, p.Gender, want)
		known := option != "" && option != "F" && option != "ගැහැණු"
		if n := len(r.issues(mapper.RuleGender)); (n == 0) != known {
			t.Errorf("%q: %d issues", option, n)
		}
	}
}

func TestD047_PhoneInE164(t *testing.T) {
	for written, want := range map[string]string{
		"0712345678": "+94712345678", "+94 71 234 5678": "+94712345678", "071-234 5678": "+94712345678", "+44 20 7946 0958": "+442079460958",
		"12": "12", "none": "none",
	} {
		p, r := patient(t, set(mother(), phoneAttribute, written))
		same(t, written, []string{string(p.Telecom[0].System), p.Telecom[0].Value}, []string{"phone", want})
		if n := len(r.issues(mapper.RulePhone)); (n == 1) != (written == want) {
			t.Errorf("%q: %d issues", written, n)
		}
	}
	p, _ := patient(t, set(mother(), phoneAttribute, "020 7946 0958"), func(c *mapper.Config) { c.PhoneRegion = "GB" })
	same(t, "another region", p.Telecom[0].Value, "+442079460958")
}

// A patient of the national guide has a PHN and one more identifier always;
// the passport that nobody asked for is absent, a family name not invented.
func TestG1_PatientByTheNationalProfile(t *testing.T) {
	p, r := patient(t, mother())
	var systems []string
	for _, id := range p.Identifier {
		systems = append(systems, id.System)
	}
	same(t, "identifiers", systems, []string{nehr.SystemPHN, nehr.SystemPassport, nehr.SystemDHIS2TrackedEntity})
	same(t, "passport", absentElement(p.FindIdentifier(nehr.SystemPassport).ValueExt), "unknown")
	var registeredBy *nehr.Reference
	for _, e := range p.Extension {
		if e.Url == nehr.ExtensionRegistrationSystem {
			registeredBy = e.ValueReference
		}
	}
	same(t, "registration system", r.resource(registeredBy).ResourceType(), "Device")
	same(t, "birth date", p.BirthDate, "1997-08-01")

	p, _ = patient(t, mother(), func(c *mapper.Config) { c.Passport = mapper.PassportOmit })
	if p.FindIdentifier(nehr.SystemPassport) != nil {
		t.Error("passport: omit still has one")
	}
	if len(p.Identifier) < 2 {
		t.Error("the profile demands two identifiers")
	}
	lk := lkMap(t)
	lk.Attributes = append(lk.Attributes, mapper.Attribute{
		Element: mapper.Element{UID: uid("Paa00000001"), Name: "Passport", Type: dhis2.Text}, Kind: mapper.AttrPassport})
	p, _ = patient(t, set(mother(), "Paa00000001", "N1234567"), func(c *mapper.Config) { c.Maps = []*mapper.Map{lk} })
	var numbers []string
	for _, id := range p.Identifier {
		if id.System == nehr.SystemPassport {
			numbers = append(numbers, id.Value+absentElement(id.ValueExt))
		}
	}
	same(t, "a passport that the form asks for", numbers, []string{"N1234567"})

	r = mappedIn(t, mother(), nil)
	for _, e := range one[*nehr.Patient](r).Extension {
		if e.Url == nehr.ExtensionRegistrationSystem {
			same(t, "registration system without context", absentReason(e.ValueReference.Extension), "unknown")
		}
	}
}

// Links between registries do not belong on this Patient; PHN and subject do.
func TestG11_IdentifiersStandOnThePatient(t *testing.T) {
	esignet := func(c *mapper.Config) {
		c.ESignetIssuer, c.ESignetRelyingParty = "https://esignet.example.lk/", "clinic-rp"
	}
	te := set(set(set(mother(), subjectAttribute, "SUB0001"), nicAttribute, "200012345678"), regnoAttribute, "ANC00000001")
	p, r := patient(t, te, esignet)
	if len(p.Link) != 0 {
		t.Error("a link that nobody asked for")
	}
	var ids [][2]string
	for _, id := range p.Identifier {
		ids = append(ids, [2]string{id.System, id.Value})
	}
	same(t, "identifiers", ids, [][2]string{
		{nehr.SystemPHN, "4054123456A"},
		{"https://esignet.example.lk#clinic-rp", "SUB0001"},
		{nehr.SystemNIC, "200012345678"},
		{"urn:dhis2:anc:regno", "ANC00000001"},
		{nehr.SystemPassport, ""},
		{"urn:dhis2:trackedEntity", motherUID},
	})
	same(t, "use of the subject", p.Identifier[1].Use, nehr.IdentifierSecondary)
	same(t, "issues", len(r.issues(mapper.RuleSubject)), 0)

	for _, half := range []func(*mapper.Config){
		func(*mapper.Config) {}, func(c *mapper.Config) { c.ESignetIssuer = "https://esignet.example.lk" }, func(c *mapper.Config) { c.ESignetRelyingParty = "clinic-rp" },
	} {
		p, r := patient(t, te, half)
		for _, id := range p.Identifier {
			if id.Value == "SUB0001" {
				t.Error("a subject that names nobody was sent")
			}
		}
		same(t, "issues", len(r.issues(mapper.RuleSubject)), 1)
	}
	t.Run("what is no NIC is not sent as one", func(t *testing.T) {
		for text, want := range map[string]string{"971234567v": "971234567V", "971234567V": "971234567V", "N1234567": "", "12345": ""} {
			p, r := patient(t, set(mother(), nicAttribute, text))
			got := ""
			if id := p.FindIdentifier(nehr.SystemNIC); id != nil {
				got = id.Value
			}
			same(t, text, got, want)
			same(t, text, len(r.issues(mapper.RuleNICForm)) == 1, want == "")
		}
	})
}
