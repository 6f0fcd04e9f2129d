package mapper_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// The Device is this DHIS2, as it says of itself, and an entry of the bundle.
func TestD039_DeviceFromLiveSystemInfo(t *testing.T) {
	ctx := server()
	ctx.SystemInfo.SystemID, ctx.SystemInfo.Version = "0b0b0b0b-1111-2222-3333-444444444444", "2.44.0"
	r := mappedIn(t, mother(), ctx)
	d := one[*nehr.Device](r)
	same(t, "device", []string{d.FindIdentifier(nehr.SystemSystemID).Value, d.Version[0].Value, d.DeviceName[0].Name},
		[]string{"0b0b0b0b-1111-2222-3333-444444444444", "2.44.0", "DHIS 2"})
	if strings.Contains(string(r.json), "5b21b377") {
		t.Error("the id of another instance")
	}
	for _, e := range one[*nehr.Patient](r).Extension {
		if r.resource(e.ValueReference) != nehr.Resource(d) {
			t.Error("the patient's registration system is another device")
		}
	}
	ctx.SystemInfo.Version = ""
	same(t, "version unknown", absentElement(one[*nehr.Device](mappedIn(t, mother(), ctx)).Version[0].ValueExt), "unknown")
	same(t, "without context", len(all[*nehr.Device](mappedIn(t, mother(), nil))), 0)
}

// Owner and place are real entries, by their own number, the same for every
// woman of the country.
func TestD102_NoFixedOrganisations(t *testing.T) {
	r := mapped(t, mother(visit()))
	d := one[*nehr.Device](r)
	owner := r.resource(d.Owner).(*nehr.Organization)
	same(t, "owner", []string{owner.Name, owner.FindIdentifier(nehr.SystemHIN).Value}, []string{"Sri Lanka", "LKA"})
	same(t, "location", r.resource(d.Location).(*nehr.Location).Name, "Sri Lanka")
	te := mother()
	te.OrgUnit, te.Enrollments[0].OrgUnit = uid(hospitalUID), uid(hospitalUID)
	same(t, "device of a woman elsewhere", mapped(t, te).contents()[nehr.FullURL("Device", nehr.Key{System: nehr.SystemSystemID, Value: server().SystemInfo.SystemID})],
		r.contents()[nehr.FullURL("Device", nehr.Key{System: nehr.SystemSystemID, Value: server().SystemInfo.SystemID})])
	for url, request := range r.requests {
		switch res := r.byURL[url].(type) {
		case *nehr.Organization, *nehr.Location:
			if !strings.HasPrefix(request, "PUT "+res.ResourceType()+"?identifier=") || res.Common().Id != "" {
				t.Errorf("a shared %s is written to a fixed id: %s", res.ResourceType(), request)
			}
		}
	}
	t.Run("matched by HIN, else by UID", func(t *testing.T) {
		e := visit()
		e.OrgUnit = uid(hospitalUID)
		r := mapped(t, mother(e))
		byHIN, ok := at[*nehr.Organization](r, nehr.Key{System: nehr.SystemHIN, Value: "HIN00017"})
		if !ok || byHIN.FindIdentifier(nehr.SystemDHIS2OrganisationUnit).Value != clinicUID {
			t.Errorf("clinic: %+v", byHIN)
		}
		byUID, ok := at[*nehr.Organization](r, nehr.Key{System: nehr.SystemDHIS2OrganisationUnit, Value: hospitalUID})
		if !ok || absentElement(byUID.FindIdentifier(nehr.SystemHIN).ValueExt) != "unknown" {
			t.Errorf("hospital without code: %+v", byUID)
		}
	})
	t.Run("two units with one code are one facility", func(t *testing.T) {
		ctx := server()
		ctx.OrganisationUnits[2].Code = "HIN00017"
		e := visit()
		e.OrgUnit = uid(hospitalUID)
		r := mappedIn(t, mother(e), ctx)
		same(t, "organizations", len(all[*nehr.Organization](r)), 2) // with the country
	})
}

// Each user who is referred to is an entry of the bundle, once.
func TestD040_EveryReferredUserIsThere(t *testing.T) {
	byDoctor := visit(value("cw35l7X4hnV", "11"))
	byDoctor.CompletedBy, byDoctor.UpdatedBy = "fernando", dhis2.User{UID: uid(doctorUID), Username: "fernando", FirstName: "Ruwan", Surname: "Fernando"}
	again := event("Vaa00000005", visitStage, "2025-11-06")
	r := mapped(t, mother(registration(), byDoctor, again))
	var names []string
	for _, p := range all[*nehr.Practitioner](r) {
		names = append(names, p.Name[0].Family)
	}
	slices.Sort(names)
	same(t, "practitioners", names, []string{"Fernando", "Silva"})
	who := func(event string) string {
		e, _ := at[*nehr.Encounter](r, ofEvent(event))
		return r.resource(e.Participant[0].Individual).(*nehr.Practitioner).Name[0].Family
	}
	same(t, "participants", []string{who(registrationEvent), who(visitEvent), who("Vaa00000005")}, []string{"Silva", "Fernando", "Silva"})
}

// The user who completed the event, else who updated it, else who created it.
func TestD041_PractitionerIsWhoDHIS2Names(t *testing.T) {
	midwife := dhis2.User{UID: uid(midwifeUID), Username: "kumari", FirstName: "Kumari", Surname: "Silva"}
	doctor := dhis2.User{UID: uid(doctorUID), Username: "fernando"}
	for _, c := range []struct {
		name, completedBy string
		updated, created  dhis2.User
		value             dhis2.User
		want              string
		issues            int
	}{
		{"completed, known from the event", "kumari", doctor, midwife, dhis2.User{}, "Silva", 0},
		{"completed, known from a data value", "kumari", doctor, doctor, midwife, "Silva", 0},
		{"completed, known from the context", "fernando", midwife, midwife, dhis2.User{}, "Fernando", 0},
		{"completed by somebody unknown", "stranger", midwife, doctor, dhis2.User{}, "Silva", 1},
		{"updated", "", midwife, doctor, dhis2.User{}, "Silva", 0},
		{"created", "", dhis2.User{}, midwife, dhis2.User{}, "Silva", 0},
		{"the snapshot lacks what the context has", "fernando", doctor, midwife, dhis2.User{}, "Fernando", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := visit(value("cw35l7X4hnV", "11"))
			e.CompletedBy, e.UpdatedBy, e.CreatedBy, e.DataValues[0].UpdatedBy = c.completedBy, c.updated, c.created, c.value
			r := mapped(t, mother(e))
			same(t, "family", one[*nehr.Practitioner](r).Name[0].Family, c.want)
			same(t, "issues", len(r.issues(mapper.RuleUser)), c.issues)
		})
	}
}

// The national profile demands given, family and telecom of a Practitioner, a
// number of an Organization, the managing Organization of a Location: what is
// not known is absent, and nobody is invented.
func TestG7_FrameByTheNationalProfiles(t *testing.T) {
	r := mapped(t, mother(visit()))
	p := one[*nehr.Practitioner](r)
	same(t, "a user without phone", []string{string(p.Telecom[0].System), absentElement(p.Telecom[0].ValueExt)}, []string{"phone", "unknown"})
	same(t, "profile", p.Meta.Profile, []string{nehr.ProfileLKPractitioner})
	for _, l := range all[*nehr.Location](r) {
		same(t, "location", []string{string(l.Status), r.resource(l.ManagingOrganization).ResourceType(), l.Meta.Profile[0]},
			[]string{"active", "Organization", nehr.ProfileLKLocation})
	}
	e := visit()
	e.CompletedBy = "fernando"
	r = mapped(t, mother(e))
	same(t, "a user with phone", one[*nehr.Practitioner](r).Telecom[0].Value, "+94771234567")
	ctx := server()
	ctx.Users[0].PhoneNumber, ctx.Users[0].Email = "", "ruwan@example.lk"
	p = one[*nehr.Practitioner](mappedIn(t, mother(e), ctx))
	same(t, "a user with e-mail", []string{string(p.Telecom[0].System), p.Telecom[0].Value}, []string{"email", "ruwan@example.lk"})

	e.CompletedBy, e.UpdatedBy, e.CreatedBy = "", dhis2.User{UID: uid("Zaa00000007"), Username: "x"}, dhis2.User{}
	p = one[*nehr.Practitioner](mapped(t, mother(e)))
	same(t, "a user without name", []string{absentElement(p.Name[0].FamilyExt), absentReason(p.Name[0].GivenExt[0].Extension)}, []string{"unknown", "unknown"})

	ctx = server()
	ctx.OrganisationUnits = nil
	for _, o := range all[*nehr.Organization](mappedIn(t, mother(visit()), ctx)) {
		same(t, "an unknown unit", []string{absentElement(o.NameExt), absentElement(o.FindIdentifier(nehr.SystemHIN).ValueExt)}, []string{"unknown", "unknown"})
	}
}

// Without a user the performer is the organisation and a required individual
// is absent.
func TestD106_NobodyIsInvented(t *testing.T) {
	e := visit(value("cw35l7X4hnV", "11"))
	e.CompletedBy, e.UpdatedBy, e.CreatedBy = "", dhis2.User{}, dhis2.User{}
	r := mapped(t, mother(e))
	same(t, "practitioners", len(all[*nehr.Practitioner](r)), 0)
	same(t, "participant", absentReason(one[*nehr.Encounter](r).Participant[0].Individual.Extension), "unknown")
	o := made[*nehr.Observation](r, visitEvent, "cw35l7X4hnV")
	if len(o.Performer) != 1 || r.resource(&o.Performer[0]).ResourceType() != "Organization" {
		t.Errorf("performer %+v", o.Performer)
	}
	if i := r.issues(mapper.RuleUser); len(i) != 1 || i[0].Event != uid(visitEvent) {
		t.Errorf("issues %v", i)
	}
}

var uuidV5 = regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestD042_FullURLsAreUUIDs(t *testing.T) {
	r := mapped(t, full())
	for url := range r.byURL {
		if !uuidV5.MatchString(url) {
			t.Errorf("fullUrl %s is no UUIDv5", url)
		}
	}
	// Known answers: an id must never change with a version of the program.
	same(t, "encounter", nehr.ID("Encounter", ofEvent("ANEt5ec0HOM")), knownEncounterID)
}

// UUIDv5 of "Encounter\nurn:dhis2:eventId\nANEt5ec0HOM" in the namespace
// a0a27b74-bded-5e5d-b97e-a83c3578c43e, computed with Python's uuid module.
const knownEncounterID = "8ea7e724-5efb-56a6-b385-c78f186aa96d"

func TestD043_QueriesArePercentEncoded(t *testing.T) {
	te := set(mother(visit()), phnAttribute, "4054-AB-12")
	r := mapped(t, te, func(c *mapper.Config) { c.Write = nehr.Conditional })
	raw := regexp.MustCompile(`^PUT [A-Za-z]+\?identifier=[A-Za-z0-9%._~-]+$`)
	for url, request := range r.requests {
		if !raw.MatchString(request) || !strings.Contains(request, "%7C") {
			t.Errorf("%s: %s", url, request)
		}
	}
}

// Where care was given is known of each visit.
func TestD049_EncounterHasPlaceAndPeople(t *testing.T) {
	at2 := visit()
	at2.OrgUnit = uid(hospitalUID)
	nowhere := event("Vaa00000005", visitStage, "2025-11-06")
	nowhere.OrgUnit = dhis2.UID{}
	r := mapped(t, mother(registration(), at2, nowhere))
	for event, want := range map[string]string{registrationEvent: "Akurana Clinic", visitEvent: "Kandy Hospital", "Vaa00000005": "Akurana Clinic"} {
		e, _ := at[*nehr.Encounter](r, ofEvent(event))
		same(t, event, []string{r.resource(e.ServiceProvider).(*nehr.Organization).Name, r.resource(e.Location[0].Location).(*nehr.Location).Name,
			r.resource(e.Participant[0].Individual).ResourceType(), r.resource(e.Subject).ResourceType()},
			[]string{want, want, "Practitioner", "Patient"})
	}
}

// Each national Observation has profile, encounter, performer, device,
// effective and issued.
func TestD050_ObservationsAreComplete(t *testing.T) {
	r := mapped(t, full())
	n := 0
	for _, o := range all[*nehr.Observation](r) {
		profile := ""
		if len(o.Meta.Profile) == 1 {
			profile = o.Meta.Profile[0]
		}
		switch profile {
		case nehr.ProfileLKGenericObservation, nehr.ProfileLKBloodPressure:
			n++
			if o.Issued == "" || o.EffectiveDateTime == "" || len(o.Category) != 1 {
				t.Errorf("%v: issued, effective or category is missing", coded(&o.Code))
			}
			r.resource(o.Encounter)
			r.resource(o.Subject)
			same(t, "device", r.resource(o.Device).ResourceType(), "Device")
			same(t, "performers", []string{r.resource(&o.Performer[0]).ResourceType(), r.resource(&o.Performer[1]).ResourceType()},
				[]string{"Practitioner", "Organization"})
		case nehr.ProfileIPSPregnancyStatus, nehr.ProfileIPSPregnancyEDD:
			if o.Device != nil {
				t.Errorf("%s forbids a device", profile)
			}
		default:
			t.Errorf("%v claims no profile", coded(&o.Code))
		}
	}
	if n < 8 {
		t.Errorf("only %d national observations", n)
	}
}

// A retracted Condition cannot satisfy the profile: it is absent from what is
// desired, and nehr.Retract drops the claim.
func TestG2_RetractedConditionDropsItsClaim(t *testing.T) {
	before := mapped(t, inRegistration("D5khklwbOPt")("true"))
	after := mapped(t, inRegistration("D5khklwbOPt")("false"))
	c := made[*nehr.Condition](before, registrationEvent, "D5khklwbOPt")
	if _, still := at[*nehr.Condition](after, ofElement(registrationEvent, "D5khklwbOPt")); still {
		t.Fatal("a disease that was taken back is still desired")
	}
	if !nehr.Retract(c) {
		t.Fatal("a Condition can be retracted")
	}
	same(t, "retracted", []any{len(c.Meta.Profile), c.ClinicalStatus == nil, coded(c.VerificationStatus)},
		[]any{0, true, []string{nehr.SystemConditionVerification + "|entered-in-error"}})
}

// Six answers of "false" are not "no information".
func TestG3_FalseIsNotNoInformation(t *testing.T) {
	var values []dhis2.DataValue
	for _, d := range diseases {
		values = append(values, value(d.element, "false"))
	}
	r := mapped(t, mother(registration(values...)))
	if strings.Contains(string(r.json), "no-problem-info") || len(all[*nehr.Condition](r)) != 0 {
		t.Error("a statement about problems that nobody made")
	}
}

// The form says neither fasting nor random, and mg/dL: so does the record.
func TestG4_BloodSugarIsGeneric(t *testing.T) {
	r := mapped(t, mother(visit(value("CbZCIisQAzv", "96"))))
	o := made[*nehr.Observation](r, visitEvent, "CbZCIisQAzv")
	same(t, "blood sugar", readObservation(r, o), any(generic("laboratory", []string{"loinc|2339-0", "dhis2|CbZCIisQAzv"}, measured("96", "mg/dL", "mg/dL"))))
	for _, wrong := range []string{"15074-8", "76629-5"} {
		if o.Code.Has(nehr.SystemLOINC, wrong) {
			t.Errorf("the code %s says more than the form", wrong)
		}
	}
}

// ips-2: a laboratory result has a value.
func TestG8_NoEmptyResults(t *testing.T) {
	for _, te := range []*dhis2.TrackedEntity{full(), mother(visit(value("cw35l7X4hnV", ""), value("yQk0w6KiXHJ", " "), value("CbZCIisQAzv", "x")))} {
		for _, o := range all[*nehr.Observation](mapped(t, te)) {
			if o.ValueQuantity == nil && o.ValueCodeableConcept == nil && o.ValueString == "" && o.ValueInteger == nil && o.ValueDateTime == "" && len(o.Component) == 0 {
				t.Errorf("%v has no value", coded(&o.Code))
			}
		}
	}
}

// Where the national guide has no profile, that of IPS is claimed.
func TestG9_IPSProfilesWhereTheGuideHasNone(t *testing.T) {
	r := mapped(t, full())
	claims := func(res nehr.Resource) string { return res.Common().Meta.Profile[0] }
	same(t, "immunization", claims(one[*nehr.Immunization](r)), nehr.ProfileIPSImmunization)
	for _, m := range all[*nehr.MedicationStatement](r) {
		same(t, "medication", claims(m), nehr.ProfileIPSMedicationStatement)
	}
	status, _ := at[*nehr.Observation](r, nehr.Key{System: "urn:dhis2:observation", Value: enrollmentUID + "-pregnancy-status"})
	same(t, "pregnancy status", claims(status), nehr.ProfileIPSPregnancyStatus)
	edd := made[*nehr.Observation](r, registrationEvent, "r5TIiovGHdi")
	same(t, "due date", []any{claims(edd), coded(&edd.Code), edd.ValueDateTime}, []any{nehr.ProfileIPSPregnancyEDD, []string{"loinc|11779-6"}, "2026-04-08"})
}
