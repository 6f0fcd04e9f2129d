package chart_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal/chart"
)

func read(t *testing.T, resources ...string) *chart.Chart {
	t.Helper()
	r := &access.Record{Patient: "Patient/1"}
	for _, one := range resources {
		v, err := fhirjson.Parse([]byte(one))
		if err != nil {
			t.Fatalf("%v in %s", err, one)
		}
		r.Resources = append(r.Resources, v)
	}
	return chart.Read(r, "en", time.Date(2025, 9, 1, 9, 0, 0, 0, time.UTC), time.UTC)
}

func haemoglobin(id, date, value, more string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"effectiveDateTime":%q,"code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},
		"valueQuantity":{"value":%s,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"}%s}`, id, date, value, more)
}

// TestConflicts: two values of one kind and one day that differ are both marked; equal
// ones written otherwise, other days, and other kinds are not.
func TestConflicts(t *testing.T) {
	const final = `,"status":"final"`
	other := `{"resourceType":"Observation","id":"o","status":"final","effectiveDateTime":"2025-08-26","code":{"text":"Something else"},"valueString":"x"}`
	for name, c := range map[string]struct {
		list []string
		want int
	}{
		"two that differ":        {[]string{haemoglobin("a", "2025-08-26", "9.8", final), haemoglobin("b", "2025-08-26T10:00:00+05:30", "11.2", final), other}, 2},
		"the same":               {[]string{haemoglobin("a", "2025-08-26", "9.8", final), haemoglobin("b", "2025-08-26", "9.8", final)}, 0},
		"written otherwise":      {[]string{haemoglobin("a", "2025-08-26", "9.8", final), haemoglobin("b", "2025-08-26", "9.80", final)}, 0},
		"on other days":          {[]string{haemoglobin("a", "2025-08-26", "9.8", final), haemoglobin("b", "2025-08-27", "11.2", final)}, 0},
		"the last of three":      {[]string{haemoglobin("a", "2025-08-26", "9.8", final), haemoglobin("b", "2025-08-26", "9.8", final), haemoglobin("c", "2025-08-26", "7", final)}, 3},
		"one that is taken back": {[]string{haemoglobin("a", "2025-08-26", "9.8", final), haemoglobin("b", "2025-08-26", "7", `,"status":"entered-in-error"`)}, 0},
		"a month alone":          {[]string{haemoglobin("a", "2025-08", "9.8", final), haemoglobin("b", "2025-08", "7", final)}, 0},
	} {
		marked := 0
		for _, f := range read(t, c.list...).Facts {
			if f.Conflict {
				marked++
			}
		}
		if marked != c.want {
			t.Errorf("%s: %d are marked, want %d", name, marked, c.want)
		}
	}
}

// TestFlags: what was written down late, is not final, or was corrected says so; the
// class is that of the category.
func TestFlags(t *testing.T) {
	type flags struct{ late, provisional, amended bool }
	for name, c := range map[string]struct {
		date, more string
		want       flags
	}{
		"at once":             {"2025-08-26T10:00:00+05:30", `,"status":"final","issued":"2025-08-26T11:00:00+05:30"`, flags{}},
		"two days later":      {"2025-08-26T10:00:00+05:30", `,"status":"final","issued":"2025-08-28T10:00:00+05:30"`, flags{}},
		"later than that":     {"2025-08-26T10:00:00+05:30", `,"status":"final","issued":"2025-08-28T10:00:01+05:30"`, flags{late: true}},
		"a day, two later":    {"2025-08-26", `,"status":"final","issued":"2025-08-28T23:00:00+05:30"`, flags{}},
		"a day, four later":   {"2025-08-26", `,"status":"final","issued":"2025-08-30T10:00:00+05:30"`, flags{late: true}},
		"nobody says":         {"2025-08-26", `,"status":"final"`, flags{}},
		"not final":           {"2025-08-26", `,"status":"preliminary"`, flags{provisional: true}},
		"corrected":           {"2025-08-26", `,"status":"corrected"`, flags{amended: true}},
		"amended, and late":   {"2025-08-26", `,"status":"amended","issued":"2025-09-01T10:00:00+05:30"`, flags{late: true, amended: true}},
		"written before seen": {"2025-08-26", `,"status":"final","issued":"2025-08-20T10:00:00+05:30"`, flags{}},
	} {
		facts := read(t, haemoglobin("a", c.date, "9.8", c.more)).Facts
		if len(facts) != 1 {
			t.Fatalf("%s: %d facts", name, len(facts))
		}
		if got := (flags{facts[0].Late, facts[0].Provisional, facts[0].Amended}); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	for code, want := range map[string]access.Class{"vital-signs": access.Vitals, "laboratory": access.Laboratory, "social-history": access.Observations} {
		f := read(t, haemoglobin("a", "2025-08-26", "9.8", `,"status":"final","category":[{"coding":[{"code":"`+code+`"}]}]`)).Facts[0]
		if f.Class != want {
			t.Errorf("%s is %s", code, f.Class)
		}
	}
}

// TestSource: where and by whom something was found are of its visit, unless it says who
// itself.
func TestSource(t *testing.T) {
	c := read(t, `{"resourceType":"Organization","id":"clinic","name":"Clinic"}`, `{"resourceType":"Practitioner","id":"midwife","name":[{"text":"Midwife"}]}`, `{"resourceType":"Practitioner","id":"doctor","name":[{"text":"Doctor"}]}`,
		`{"resourceType":"Encounter","id":"v","status":"finished","period":{"start":"2025-08-26"},"serviceProvider":{"reference":"Organization/clinic"},"participant":[{"individual":{"reference":"Practitioner/midwife"}}]}`,
		haemoglobin("a", "2025-08-26", "9.8", `,"status":"final","encounter":{"reference":"Encounter/v"}`),
		haemoglobin("b", "2025-08-25", "9.9", `,"status":"final","encounter":{"reference":"Encounter/v"},"performer":[{"reference":"Practitioner/doctor"}]`),
		`{"resourceType":"Condition","id":"p","code":{"text":"Asthma"},"encounter":{"reference":"Encounter/v"},"recordedDate":"2025-08-26"}`)
	if f := c.Facts[0]; f.Source != "Clinic" || f.Who != "Midwife" {
		t.Errorf("of the visit: %+v", f)
	}
	if f := c.Facts[1]; f.Source != "Clinic" || f.Who != "Doctor" {
		t.Errorf("of its own: %+v", f)
	}
	if p := c.Problems[0]; p.Source != "Clinic" || p.Who != "Midwife" || p.Recorded != "2025-08-26" {
		t.Errorf("a problem: %+v", p)
	}
	if v := c.Visits[0]; len(v.Facts) != 2 || v.Facts[0].Source != "Clinic" {
		t.Errorf("the visit: %+v", v)
	}
}
