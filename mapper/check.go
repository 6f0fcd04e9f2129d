package mapper

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Problem is one mistake in a map.
type Problem struct {
	Path   string // place in the YAML file, such as stages[1].elements[3].code.code
	Reason string // what is wrong and what is wanted
}

func (p Problem) String() string { return p.Path + ": " + p.Reason }

// Check returns every mistake of the map at once: codes that fail their check
// digit, unknown units and kinds, a kind that does not fit the value type, a
// UID that stands twice. A map with a problem must not be used.
func (m *Map) Check() []Problem {
	c := checker{seen: map[string]string{}}
	c.require("name", m.Name != "", "a short name is missing")
	c.require("guide", m.Guide == GuideLK || m.Guide == GuideIPS,
		fmt.Sprintf("unknown guide: want %s or %s", GuideLK, GuideIPS))
	_, err := time.LoadLocation(m.Zone)
	c.require("zone", m.Zone != "" && err == nil, "want an IANA time zone such as Asia/Colombo")
	c.require("program", !m.Program.IsZero(), "the UID of the program is missing")
	c.require("trackedEntityType", !m.TrackedEntityType.IsZero(), "the UID of the tracked entity type is missing")
	c.require("stages", len(m.Stages) > 0, "no program stage is mapped")
	c.labels("sensitivity", m.Sensitivity)
	c.require("referral", m.Referral.Target.IsZero() || len(m.Referral.Table) == 0, "set target or table, not both")
	c.reply(m)
	phn := 0
	for i := range m.Attributes {
		a := &m.Attributes[i]
		c.attribute(fmt.Sprintf("attributes[%d]", i), a)
		if a.Kind == AttrPHN {
			phn++
		}
	}
	c.require("attributes", phn <= 1, "more than one attribute of kind phn: one is the key of the upsert")
	c.require("attributes", m.Guide != GuideLK || phn == 1, "no attribute of kind phn: the national guide demands it")
	for i := range m.Stages {
		c.stage(fmt.Sprintf("stages[%d]", i), &m.Stages[i], m.Referral.Target)
	}
	return c.problems
}

func (c *checker) reply(m *Map) {
	if m.Reply.IsZero() {
		return
	}
	c.require("reply.stage", !m.Reply.Stage.IsZero(), "the UID of the stage is missing")
	c.require("reply.text", !m.Reply.Text.IsZero(), "the UID of the data element for the text is missing")
	for i := range m.Stages {
		c.require("reply.stage", m.Stages[i].UID != m.Reply.Stage,
			fmt.Sprintf("stages[%d] is the same stage: what stands in a reply came from the record and must not go there again", i))
	}
	const twice = "the data element of the text cannot be this one too"
	c.require("reply.author", m.Reply.Author.IsZero() || m.Reply.Author != m.Reply.Text, twice)
	c.require("reply.date", m.Reply.Date.IsZero() || m.Reply.Date != m.Reply.Text, twice)
	c.require("reply.date", m.Reply.Date.IsZero() || m.Reply.Date != m.Reply.Author, "the data element of the author cannot be this one too")
}

type checker struct {
	problems []Problem
	seen     map[string]string // what must be unique → where it stood first
}

func (c *checker) require(path string, ok bool, reason string) {
	if !ok {
		c.problems = append(c.problems, Problem{path, reason})
	}
}

func (c *checker) unique(path, scope string, uid dhis2.UID) {
	c.require(path, !uid.IsZero(), "the UID is missing")
	if uid.IsZero() {
		return
	}
	key := scope + uid.String()
	if first, twice := c.seen[key]; twice {
		c.require(path, false, "the UID stands twice, first at "+first)
		return
	}
	c.seen[key] = path
}

func (c *checker) attribute(path string, a *Attribute) {
	c.unique(path+".uid", "attribute ", a.UID)
	types, known := attributeTypes[a.Kind]
	c.require(path+".kind", known, "unknown kind "+string(a.Kind)+": want one of "+keys(attributeTypes))
	c.valueType(path, a.Type, types)
	switch a.Kind {
	case AttrIdentifier:
		c.require(path+".system", strings.Contains(a.System, ":"), "kind identifier needs the URI of its system")
	case AttrGender:
		c.require(path+".genders", len(a.Genders) > 0, "kind gender needs a table from option codes to FHIR codes")
		for code, gender := range a.Genders {
			c.require(path+".genders", slices.Contains([]string{"male", "female", "other", "unknown"}, gender),
				"want male, female, other or unknown for option "+code)
			c.require(path+".genders", code == strings.ToLower(code), "write option codes in lower case: "+code)
		}
	case AttrCohabitant:
		c.require(path+".relationship", a.Relationship != "", "kind cohabitant needs a relationship in words")
	case AttrObservation:
		c.clinical(path, "as", &a.Element, a.As)
		c.require(path+".as", observationKinds[a.As], "an attribute can become "+keys(observationKinds))
		return
	case AttrNone:
		c.require(path+".why", a.Why != "", "say why the attribute is not sent")
	}
	c.labels(path+".sensitivity", a.Sensitivity)
	c.require(path+".code", a.Code == nil, "only kind observation takes a code")
}

func (c *checker) stage(path string, s *Stage, target dhis2.UID) {
	c.unique(path+".uid", "stage ", s.UID)
	c.require(path+".kind", s.Kind == StageVisit || s.Kind == StageReferral,
		fmt.Sprintf("unknown kind: want %s or %s", StageVisit, StageReferral))
	if s.Reason != nil {
		c.code(path+".reason", *s.Reason)
	}
	c.labels(path+".sensitivity", s.Sensitivity)
	kinds := map[Kind]int{}
	for i := range s.Elements {
		e := &s.Elements[i]
		at := fmt.Sprintf("%s.elements[%d]", path, i)
		c.unique(at+".uid", "stage "+s.UID.String()+" element ", e.UID)
		c.clinical(at, "kind", &e.Element, e.Kind)
		if kinds[e.Kind]++; kinds[e.Kind] == 2 && onePerStage[e.Kind] {
			c.require(at+".kind", false, "only one element of a stage can be "+string(e.Kind))
		}
		if e.Kind == KindReferralReason || e.Kind == KindReferralTarget {
			c.require(at+".kind", s.Kind == StageReferral, "only a stage of kind referral has it")
		}
		c.require(at+".kind", e.Kind != KindReferralTarget || e.UID == target, "referral.target must name this element")
	}
}

// clinical checks an element that becomes a clinical resource of kind k.
func (c *checker) clinical(path, key string, e *Element, k Kind) {
	rule, known := kindRules[k]
	if !known {
		c.require(path+"."+key, false, "unknown kind "+string(k)+": want one of "+keys(kindRules))
		return
	}
	c.valueType(path, e.Type, rule.types)
	if e.Code != nil {
		c.code(path+".code", *e.Code)
		c.require(path+".code.system", len(rule.systems) == 0 || slices.Contains(rule.systems, e.Code.System),
			fmt.Sprintf("kind %s takes a code of %v", k, rule.systems))
	}
	c.require(path+".code", e.Code != nil || !rule.needsCode, "kind "+string(k)+" needs a code")
	for i, also := range e.Also {
		c.code(fmt.Sprintf("%s.also[%d]", path, i), also)
	}
	_, unit := UnitText(e.Unit)
	c.require(path+".unit", e.Unit == "" || unit, "unknown unit "+e.Unit+": add the UCUM code to mapper/unit.go")
	c.require(path+".unit", e.Unit == "" || k == KindQuantity, "only kind quantity has a unit")
	c.require(path+".category", e.Category == "" || categories[e.Category], "unknown category: want one of "+keys(categories))
	c.require(path+".category", e.Category != "" || !observationKinds[k], "the category is missing: want one of "+keys(categories))
	role, knownRole := roleKinds[e.Role]
	c.require(path+".role", e.Role == "" || knownRole && slices.Contains(role, k), "this role does not exist for kind "+string(k))
	c.require(path+".options", len(e.Options) > 0 || k != KindCoded, "kind coded needs the options of its option set")
	c.require(path+".optionSet", !e.OptionSet.IsZero() || k != KindCoded, "kind coded needs the UID of its option set")
	c.require(path+".why", e.Why != "" || k != KindNone, "say why the element is not sent")
	options := map[string]bool{}
	for i, o := range e.Options {
		c.require(fmt.Sprintf("%s.options[%d]", path, i), o.Code != "" && o.Text != "", "an option needs code and text")
		c.require(fmt.Sprintf("%s.options[%d].code", path, i), !options[o.Code], "the option stands twice: "+o.Code)
		options[o.Code] = true
	}
	c.labels(path+".sensitivity", e.Sensitivity)
}

func (c *checker) valueType(path string, t dhis2.ValueType, allowed []dhis2.ValueType) {
	c.require(path+".type", t.Known(), "unknown value type "+string(t))
	c.require(path+".type", !t.Known() || len(allowed) == 0 || slices.Contains(allowed, t),
		fmt.Sprintf("this kind needs a value type of %v, not %s", allowed, t))
}

func (c *checker) code(path string, code Code) {
	c.require(path+".display", code.Display != "", "the display is missing")
	ok, want := false, ""
	switch code.System {
	case LOINC:
		ok, want = validLOINC(code.Code), "a LOINC code whose check digit is right"
	case SNOMED:
		ok, want = validSNOMED(code.Code), "a SNOMED CT concept of the international edition whose check digit is right"
	case ATC:
		ok, want = validATC(code.Code), "an ATC code of level 3 to 5"
	default:
		c.require(path+".system", false, fmt.Sprintf("unknown code system %q: want %s, %s or %s", code.System, LOINC, SNOMED, ATC))
		return
	}
	c.require(path+".code", ok, fmt.Sprintf("%q is not %s", code.Code, want))
}

func (c *checker) labels(path string, labels []Label) {
	for i, l := range labels {
		_, _, ok := l.coding()
		c.require(fmt.Sprintf("%s[%d]", path, i), ok, fmt.Sprintf("unknown sensitivity label %q", l))
	}
}

// kindRule says what an element of a kind needs.
type kindRule struct {
	types     []dhis2.ValueType
	systems   []CodeSystem
	needsCode bool
}

var (
	numbers  = []dhis2.ValueType{dhis2.Number, dhis2.Integer, dhis2.IntegerPositive, dhis2.IntegerZeroOrPositive, dhis2.Percentage, dhis2.UnitInterval}
	integers = []dhis2.ValueType{dhis2.Integer, dhis2.IntegerPositive, dhis2.IntegerZeroOrPositive}
	answers  = []dhis2.ValueType{dhis2.Boolean, dhis2.TrueOnly}
	days     = []dhis2.ValueType{dhis2.DateType, dhis2.Age, dhis2.DateTimeType}
	texts    = []dhis2.ValueType{dhis2.Text, dhis2.LongText}

	kindRules = map[Kind]kindRule{
		KindQuantity:       {types: numbers},
		KindCount:          {types: integers},
		KindDate:           {types: days},
		KindText:           {types: texts},
		KindFinding:        {types: answers},
		KindTest:           {types: answers},
		KindQuestion:       {types: answers},
		KindCoded:          {types: texts},
		KindDueDate:        {types: days, systems: []CodeSystem{LOINC}, needsCode: true},
		KindSystolic:       {types: numbers},
		KindDiastolic:      {types: numbers},
		KindCondition:      {types: answers, systems: []CodeSystem{SNOMED}, needsCode: true},
		KindMedication:     {types: answers, systems: []CodeSystem{ATC, SNOMED}, needsCode: true},
		KindCourse:         {types: answers, systems: []CodeSystem{ATC, SNOMED}, needsCode: true},
		KindImmunization:   {types: answers, systems: []CodeSystem{SNOMED, ATC}, needsCode: true},
		KindReferralReason: {types: texts, needsCode: true},
		KindReferralTarget: {types: []dhis2.ValueType{dhis2.OrganisationUnitType}},
		KindNone:           {},
	}
	observationKinds = map[Kind]bool{
		KindQuantity: true, KindCount: true, KindDate: true, KindText: true, KindFinding: true,
		KindTest: true, KindQuestion: true, KindCoded: true,
	}
	onePerStage = map[Kind]bool{KindSystolic: true, KindDiastolic: true, KindReferralReason: true, KindReferralTarget: true}
	categories  = map[Category]bool{VitalSigns: true, Laboratory: true, Exam: true, Survey: true}
	roleKinds   = map[Role][]Kind{
		RoleLastPeriod: {KindDate}, RoleDueDate: {KindDate, KindDueDate}, RoleWeeks: {KindQuantity},
		RoleHaemoglobin: {KindQuantity}, RoleBloodSugar: {KindQuantity}, RoleFundalHeight: {KindQuantity},
	}
	attributeTypes = map[AttributeKind][]dhis2.ValueType{
		AttrPHN: texts, AttrESignetSubject: texts, AttrNIC: texts, AttrPassport: texts,
		AttrIdentifier: nil, AttrFullName: texts, AttrGivenName: texts, AttrFamilyName: texts,
		AttrBirthDate: {dhis2.DateType, dhis2.Age}, AttrGender: texts,
		AttrPhone: {dhis2.PhoneNumber, dhis2.Text}, AttrAddress: texts,
		AttrContactName: texts, AttrContactPhone: {dhis2.PhoneNumber, dhis2.Text},
		AttrCohabitant: answers, AttrReminders: {dhis2.Boolean}, AttrObservation: nil, AttrNone: nil,
	}
)

func keys[K ~string, V any](m map[K]V) string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, string(k))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
