package validate

import (
	"strings"
	"testing"
)

// minimal are small valid resources that the cases below change.
var minimal = map[string]string{
	"Observation": `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueString":"a"}`,
	"Quantity":    `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1}}`,
	"Patient":     `{"resourceType":"Patient","name":[{"text":"x"}]}`,
	"Photo":       `{"resourceType":"Patient","photo":[{"contentType":"image/png","data":"AAAA"}]}`,
	"Encounter":   `{"resourceType":"Encounter","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"period":{"start":"2024-01-01","end":"2024-01-01"}}`,
	"Condition":   `{"resourceType":"Condition","subject":{"reference":"Patient/1"},"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}}`,
	"Narrative":   `{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"}}`,
	"Task":        `{"resourceType":"Task","status":"requested","intent":"order","authoredOn":"2024-01-01","lastModified":"2024-01-01"}`,
	"Contained":   `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p"}]}`,
	"Timing":      `{"resourceType":"MedicationStatement","status":"active","medicationCodeableConcept":{"text":"x"},"subject":{"reference":"Patient/1"},"dosage":[{"timing":{"repeat":{"period":1,"periodUnit":"d"}}}]}`,
}

func TestRules(t *testing.T) {
	v := plainValidator(t)
	div := func(s string) string {
		return `"<div xmlns=\"http://www.w3.org/1999/xhtml\">` + strings.ReplaceAll(s, `"`, `\"`) + `</div>"`
	}
	for _, c := range []struct {
		name, base, path, value string
		want                    []string
	}{
		// Structure.
		{"missing element", "Observation", "status", "", []string{"cardinality Observation"}},
		{"unknown property", "Observation", "colour", `"x"`, []string{"unknown-property"}},
		{"array where one value is due", "Observation", "status", `["final"]`, []string{"json-type Observation.status"}},
		{"one value where an array is due", "Patient", "name", `{"text":"x"}`, []string{"json-type Patient.name"}},
		{"text where an object is due", "Observation", "code", `"x"`, []string{"json-type Observation.code"}},
		{"object where text is due", "Observation", "status", `{"a":1}`, []string{"json-type Observation.status"}},
		{"empty object", "Observation", "code", `{}`, []string{"empty Observation.code"}},
		{"empty array", "Observation", "category", `[]`, []string{"empty Observation.category"}},
		{"empty array of strings", "Patient", "name.0.given", `[]`, []string{"empty-list"}},
		{"null", "Observation", "issued", `null`, []string{"null Observation.issued"}},
		{"two types of a choice", "Observation", "valueInteger", `1`, []string{"choice Observation.value.ofType(integer)"}},
		{"a type that the choice lacks", "Observation", "valueUri", `"urn:a:b"`, []string{"unknown-property"}},
		{"maximum", "Patient", "maritalStatus", `[{"text":"x"}]`, []string{"json-type"}},
		// _value.
		{"extension in place of a value", "Patient", "_birthDate", `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`, nil},
		{"neither value nor extension", "Patient", "_birthDate", `{"id":"a"}`, []string{"ele-1"}},
		{"underscore of an object", "Patient", "_name", `[{"id":"a"}]`, []string{"json-type"}},
		{"null without extension", "Patient", "name.0.given", `[null]`, []string{"null"}},
		{"stranger below the underscore", "Patient", "_birthDate", `{"value":"x"}`, []string{"unknown-property", "ele-1"}},
		// Primitive types.
		{"boolean as text", "Patient", "active", `"true"`, []string{"json-type Patient.active"}},
		{"number as text", "Quantity", "valueQuantity.value", `"1"`, []string{"json-type"}},
		{"empty string", "Observation", "valueString", `""`, []string{"empty"}},
		{"blank date", "Patient", "birthDate", `" "`, []string{"blank-value"}},
		{"day that does not exist", "Patient", "birthDate", `"2023-02-29"`, []string{"format-date Patient.birthDate"}},
		{"leap day", "Patient", "birthDate", `"2024-02-29"`, nil},
		{"century without leap day", "Patient", "birthDate", `"1900-02-29"`, []string{"format-date"}},
		{"month alone", "Patient", "birthDate", `"2024-02"`, nil},
		{"thirteenth month", "Patient", "birthDate", `"2024-13"`, []string{"format-date"}},
		{"time in a date", "Patient", "birthDate", `"2024-02-02T10:00:00Z"`, []string{"format-date"}},
		{"year 0", "Patient", "birthDate", `"0000"`, []string{"format-date"}},
		{"instant", "Observation", "issued", `"2024-01-01T10:00:00.5+05:30"`, nil},
		{"instant without seconds", "Observation", "issued", `"2024-01-01T10:00Z"`, []string{"format-instant"}},
		{"instant of a day", "Observation", "issued", `"2024-01-01"`, []string{"format-instant"}},
		{"zone beyond 14 hours", "Observation", "issued", `"2024-01-01T10:00:00+14:30"`, []string{"format-instant"}},
		{"leap second", "Observation", "issued", `"2024-01-01T23:59:60Z"`, nil},
		{"base64", "Photo", "photo.0.data", `"AAA"`, []string{"format-base64Binary"}},
		{"base64 with padding inside", "Photo", "photo.0.data", `"A=AA"`, []string{"format-base64Binary"}},
		{"id", "Patient", "id", `"a_b"`, []string{"format-id Patient.id"}},
		{"long id", "Patient", "id", `"` + strings.Repeat("a", 65) + `"`, []string{"format-id"}},
		{"uri with a blank", "Observation", "implicitRules", `"http://a b"`, []string{"format-uri"}},
		{"urn:uuid of large letters", "Observation", "implicitRules", `"urn:uuid:6E9C1F0E-0000-4000-8000-000000000000"`, []string{"format-urn"}},
		{"urn:oid", "Observation", "implicitRules", `"urn:oid:1.02"`, []string{"format-urn"}},
		{"code with blanks", "Observation", "language", `" en"`, []string{"format-code", "language"}},
		{"integer with a point", "Patient", "multipleBirthInteger", `1.0`, []string{"format-integer"}},
		{"integer too large", "Patient", "multipleBirthInteger", `2147483648`, []string{"format-integer"}},
		{"negative positiveInt", "Patient", "telecom", `[{"system":"phone","value":"1","rank":0}]`, []string{"format-positiveInt"}},
		// Codes.
		{"code outside a value set", "Observation", "status", `"done"`, []string{"binding Observation.status"}},
		{"concept outside a value set", "Condition", "clinicalStatus.coding.0.system", `"http://example.org/x"`, []string{"binding Condition.clinicalStatus"}},
		{"concept without a code", "Condition", "clinicalStatus", `{"text":"x"}`, []string{"binding"}},
		{"code that a system lacks", "Observation", "code", `{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"x"}]}`, []string{"unknown-code"}},
		{"system that is not at hand", "Observation", "code", `{"coding":[{"system":"http://loinc.org","code":"x"}]}`, nil},
		{"language", "Observation", "language", `"si-LK"`, nil},
		{"no language", "Observation", "language", `"xx"`, []string{"language"}},
		{"unit", "Quantity", "valueQuantity", `{"value":1,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}`, nil},
		{"no unit", "Quantity", "valueQuantity", `{"value":1,"system":"http://unitsofmeasure.org","code":"mmHg"}`, []string{"ucum"}},
		{"system of a unit", "Quantity", "valueQuantity", `{"value":1,"system":"ucum","code":"mg"}`, []string{"coding-system"}},
		{"unit that a system lacks", "Quantity", "valueQuantity", `{"value":1,"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"mg"}`, []string{"unknown-code"}},
		{"system of a tag", "Patient", "meta", `{"tag":[{"system":"x","code":"y"}]}`, []string{"coding-system"}},
		{"security label twice", "Patient", "meta", `{"security":[{"system":"urn:a:b","code":"y"},{"system":"urn:a:b","code":"y"}]}`, []string{"security-label"}},
		// References.
		{"type of a target", "Observation", "subject", `{"reference":"Medication/1"}`, []string{"reference-type Observation.subject"}},
		{"type beside a reference", "Observation", "subject", `{"reference":"Patient/1","type":"Group"}`, []string{"reference-type"}},
		{"blank in a reference", "Observation", "subject", `{"reference":"Patient/a b"}`, []string{"reference-form"}},
		{"contained resource", "Contained", "subject.reference", `"#p"`, nil},
		{"no such contained resource", "Contained", "subject.reference", `"#q"`, []string{"ref-1", "dom-3"}},
		{"contained resource of another type", "Contained", "contained.0.resourceType", `"Medication"`, []string{"reference-type"}},
		{"contained resource without id", "Contained", "contained.0", `{"resourceType":"Patient","active":true}`, []string{"ref-1", "dom-3", "contained-id"}},
		{"contained ids that are alike", "Contained", "contained", `[{"resourceType":"Patient","id":"p"},{"resourceType":"Patient","id":"p"}]`, []string{"contained-id Observation.contained[1]"}},
		{"contained resource that nobody names", "Contained", "contained", `[{"resourceType":"Patient","id":"p"},{"resourceType":"Patient","id":"q"}]`, []string{"dom-3"}},
		{"contained resource that names its container", "Contained", "contained", `[{"resourceType":"Patient","id":"p"},{"resourceType":"Observation","id":"q","status":"final","code":{"text":"x"},"derivedFrom":[{"reference":"#"}]}]`, nil},
		{"system of an identifier", "Patient", "identifier", `[{"system":"phn","value":"x"}]`, []string{"identifier-system"}},
		{"value of the system of URIs", "Patient", "identifier", `[{"system":"urn:ietf:rfc:3986","value":"x"}]`, []string{"identifier-system"}},
		// Extensions.
		{"unknown extension", "Patient", "extension", `[{"url":"http://example.org/x","valueString":"x"}]`, nil},
		{"relative extension", "Patient", "extension", `[{"url":"x","valueString":"x"}]`, []string{"extension-url"}},
		{"extension with value and extensions", "Patient", "extension", `[{"url":"http://example.org/x","valueString":"x","extension":[{"url":"y","valueString":"x"}]}]`, []string{"ext-1"}},
		{"known extension of another type", "Patient", "extension", `[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueString":"x"}]`, []string{"unknown-property", "cardinality"}},
		{"known extension elsewhere", "Patient", "name.0.extension", `[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueAddress":{"text":"x"}}]`, []string{"extension-context"}},
		{"known extension in its place", "Patient", "extension", `[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueAddress":{"text":"x"}}]`, nil},
		// Profiles.
		{"unknown profile", "Patient", "meta", `{"profile":["http://example.org/x"]}`, []string{"profile-unknown Patient.meta.profile[0]"}},
		{"profile of another type", "Patient", "meta", `{"profile":["http://hl7.org/fhir/StructureDefinition/Observation"]}`, []string{"profile-type"}},
		{"other version of a profile", "Patient", "meta", `{"profile":["http://fhir.health.gov.lk/ips/StructureDefinition/ips-patient|9"]}`, []string{"profile-unknown"}},
		// Invariants.
		{"obs-6", "Observation", "dataAbsentReason", `{"text":"x"}`, []string{"obs-6 Observation"}},
		{"obs-7", "Quantity", "component", `[{"code":{"coding":[{"system":"urn:a:b","code":"c"}]}}]`, nil},
		{"per-1", "Encounter", "period.end", `"2023-12-31"`, []string{"per-1 Encounter.period"}},
		{"per-1 across zones", "Encounter", "period", `{"start":"2024-01-01T10:00:00+05:30","end":"2024-01-01T04:30:00Z"}`, nil},
		{"per-1 across zones, broken", "Encounter", "period", `{"start":"2024-01-01T10:00:00+05:30","end":"2024-01-01T04:29:59Z"}`, []string{"per-1"}},
		{"per-1 undecided", "Encounter", "period", `{"start":"2024","end":"2024-05"}`, []string{"per-1"}},
		{"qty-3", "Quantity", "valueQuantity", `{"value":1,"code":"mg"}`, []string{"qty-3"}},
		{"rng-2", "Observation", "referenceRange", `[{"age":{"low":{"value":2,"unit":"a"},"high":{"value":1,"unit":"a"}},"text":"x"}]`, []string{"rng-2"}},
		{"obs-3", "Observation", "referenceRange", `[{"type":{"text":"x"}}]`, []string{"obs-3"}},
		{"pat-1", "Patient", "contact", `[{"gender":"male"}]`, []string{"pat-1"}},
		{"cpt-2", "Patient", "telecom", `[{"value":"1"}]`, []string{"cpt-2"}},
		{"att-1", "Photo", "photo.0.contentType", ``, []string{"att-1"}},
		{"con-4", "Condition", "abatementDateTime", `"2024"`, []string{"con-4"}},
		{"tim-2", "Timing", "dosage.0.timing.repeat.periodUnit", ``, []string{"tim-2"}},
		{"tim-5", "Timing", "dosage.0.timing.repeat.period", `-1`, []string{"tim-5"}},
		{"dom-4", "Contained", "contained.0.meta", `{"versionId":"1"}`, []string{"dom-4"}},
		{"dom-5", "Contained", "contained.0.meta", `{"security":[{"code":"x"}]}`, []string{"dom-5"}},
		{"obs-3 where the content is taken from another element", "Observation", "component", `[{"code":{"text":"x"},"valueString":"y","referenceRange":[{"type":{"text":"x"}}]}]`, []string{"obs-3 Observation.component[0].referenceRange[0]"}},
		{"unknown property there", "Observation", "component", `[{"code":{"text":"x"},"valueString":"y","referenceRange":[{"text":"x","colour":1}]}]`, []string{"unknown-property Observation.component[0].referenceRange[0]"}},
		// Narrative.
		{"narrative", "Narrative", "text.div", div(`<p style="x">a &amp; &#169; <img src="x" alt="y"/></p>`), nil},
		{"script", "Narrative", "text.div", div(`<script>x</script>`), []string{"txt-1"}},
		{"event attribute", "Narrative", "text.div", div(`<p onclick="x">x</p>`), []string{"txt-1"}},
		{"link that runs", "Narrative", "text.div", div(`<a href="javascript:x">x</a>`), []string{"txt-1"}},
		{"entity of HTML", "Narrative", "text.div", div(`&nbsp;`), []string{"txt-1"}},
		{"unclosed", "Narrative", "text.div", div(`<p>`), []string{"txt-1"}},
		{"no content", "Narrative", "text.div", div(` `), []string{"txt-2"}},
		{"no namespace", "Narrative", "text.div", `"<div>x</div>"`, []string{"txt-1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			base, err := parseTree([]byte(minimal[c.base]))
			if err != nil {
				t.Fatal(err)
			}
			wantRule(t, v.Validate(base.text()))
			wantRule(t, v.Validate(edit(t, base, c.path, c.value).text()), c.want...)
		})
	}
}

// obs-7 needs the same coding in two places.
func TestObs7(t *testing.T) {
	const text = `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"urn:a:b","code":"c"}]},
		"valueString":"x","component":[{"code":{"coding":[{"system":"urn:a:b","code":"c"}]},"valueString":"x"}]}`
	wantRule(t, plainValidator(t).Validate([]byte(text)), "obs-7 Observation")
}

func TestJSON(t *testing.T) {
	v, err := New(Config{MaxBytes: 500, MaxDepth: 5})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, text, rule, where string }{
		{"empty", ``, "json", "Line 1, column 1"},
		{"no object", `[]`, "json", "Line 1, column 1"},
		{"cut", `{"resourceType":"Pat`, "json", "column 21"},
		{"trailing data", `{"resourceType":"Patient"} x`, "json", "column 28"},
		{"trailing comma", "{\"resourceType\":\"Patient\",\n}", "json", "Line 2, column 1"},
		{"invalid UTF-8", "{\"resourceType\":\"\xff\"}", "json", "UTF-8"},
		{"half a surrogate pair", `{"resourceType":"\ud800"}`, "json", "escape"},
		{"raw control character", "{\"resourceType\":\"a\x01\"}", "json", "control"},
		{"leading zero", `{"resourceType":"Patient","multipleBirthInteger":01}`, "json", "JSON value"},
		{"comment", `{/*x*/"resourceType":"Patient"}`, "json", "property name"},
		{"too deep", `{"resourceType":"Patient","a":[[[[[[1]]]]]]}`, "json", "5 levels"},
		{"too long", `{"resourceType":"` + strings.Repeat("a", 600) + `"}`, "size", "500 bytes"},
		{"no type", `{"status":"x"}`, "resource-type", "resourceType"},
		{"unknown type", `{"resourceType":"Nothing"}`, "resource-type", "no resource"},
		{"data type", `{"resourceType":"Quantity"}`, "resource-type", "no resource"},
		{"abstract type", `{"resourceType":"DomainResource"}`, "resource-type", "no resource"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := v.Validate([]byte(c.text))
			if len(got.Issues) != 1 || got.Issues[0].Severity != Fatal || got.Issues[0].Rule != c.rule ||
				!strings.Contains(got.Issues[0].Diagnostics, c.where) {
				t.Errorf("got %+v, want one fatal issue of %s with %q", got.Issues, c.rule, c.where)
			}
		})
	}
	wantRule(t, v.Validate([]byte(`{"resourceType":"Patient","active":true,"active":true}`)), "duplicate-property Patient.active")
	wantRule(t, v.Validate([]byte(`{"resourceType":"Patient","resourceType":"Patient"}`)), "duplicate-property")
	wantRule(t, v.Validate([]byte("\xEF\xBB\xBF{ \"active\" :\ttrue,\r\n\"resourceType\":\"Patient\"}")))
	wantRule(t, v.Validate([]byte(`{"resourceType":"Patient","\u0061ctive":"x"}`)), "json-type Patient.active")
}
