package record

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

func drawIdentifier(t *rapid.T) *fhirjson.Value {
	v := fhirjson.Fields(
		fhirjson.F("system", fhirjson.Text(rapid.SampledFrom([]string{"urn:phn", "urn:nic", "urn:ppn", "urn:insurer"}).Draw(t, "system"))),
	)
	if n := rapid.IntRange(0, 3).Draw(t, "value"); n > 0 {
		v.Set("value", fhirjson.Literal("0"))
		v.Set("value", fhirjson.Text(string(rune('a'+n))))
	} else {
		v.Set("_value", fhirjson.Fields(fhirjson.F("id", fhirjson.Text("absent"))))
	}
	if rapid.Bool().Draw(t, "typed") {
		code := rapid.SampledFrom([]string{"PPN", "NIC"}).Draw(t, "type")
		v.Set("type", fhirjson.Fields(fhirjson.F("coding", fhirjson.List(fhirjson.Fields(fhirjson.F("system", fhirjson.Text("s")), fhirjson.F("code", fhirjson.Text(code)))))))
	}
	return v
}

func drawTelecom(t *rapid.T) *fhirjson.Value {
	v := fhirjson.Fields(fhirjson.F("system", fhirjson.Text(rapid.SampledFrom([]string{"phone", "email"}).Draw(t, "telecom"))))
	if n := rapid.IntRange(0, 4).Draw(t, "number"); n > 0 {
		v.Set("value", fhirjson.Text(string(rune('0'+n))))
	}
	return v
}

func drawName(t *rapid.T) *fhirjson.Value {
	return fhirjson.Fields(
		fhirjson.F("use", fhirjson.Text(rapid.SampledFrom([]string{"official", "usual", "maiden", "old"}).Draw(t, "use"))),
		fhirjson.F("text", fhirjson.Text(rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "name"))),
	)
}

// drawPatient makes a Patient with any of the fields that merging treats apart.
// A system writes no value twice, and neither do we.
func drawPatient(t *rapid.T, label string) *fhirjson.Value {
	p := fhirjson.Fields(fhirjson.F("resourceType", fhirjson.Text("Patient")))
	list := func(name string, draw func(*rapid.T) *fhirjson.Value, same func(a, b *fhirjson.Value) bool) {
		var items []*fhirjson.Value
		for range rapid.IntRange(0, 3).Draw(t, label+name) {
			v := draw(t)
			if !slices.ContainsFunc(items, func(o *fhirjson.Value) bool { return same(o, v) }) {
				items = append(items, v)
			}
		}
		setList(p, name, items)
	}
	equal := func(a, b *fhirjson.Value) bool { return sameValue(a)(b) }
	// One number in each system, as a person has.
	list("identifier", drawIdentifier, sameSystem)
	list("telecom", drawTelecom, equal)
	list("name", drawName, func(a, b *fhirjson.Value) bool { return a.Get("use").Str() == b.Get("use").Str() })
	list("contact", drawName, fhirjson.Equal)
	for _, field := range []string{"gender", "birthDate", "maritalStatus", "active"} {
		if rapid.Bool().Draw(t, label+field) {
			p.Set(field, fhirjson.Text(rapid.SampledFrom([]string{"unknown", "x", "y"}).Draw(t, field)))
		} else if field == "birthDate" && rapid.Bool().Draw(t, label+"absent") {
			p.Set("_birthDate", fhirjson.Fields(fhirjson.F("id", fhirjson.Text("absent"))))
		}
	}
	return p
}

func has(list, entry *fhirjson.Value) bool {
	return slices.ContainsFunc(list.Items(), func(o *fhirjson.Value) bool {
		return value(o) == value(entry) && o.Get("system").Str() == entry.Get("system").Str()
	})
}

// Merging what is merged changes nothing: else every run would write a version.
func TestMergeTwiceIsMergeOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stands, ours := drawPatient(t, "stands"), drawPatient(t, "ours")
		once := mergeShared(stands, ours, nil)
		twice := mergeShared(once, ours, nil)
		if !says(once, twice) || !says(twice, once) {
			t.Fatalf("once  %s\ntwice %s", once.Encode(), twice.Encode())
		}
		if again := mergeShared(once, ours, ours); !says(once, again) {
			t.Fatalf("knowing what was written changes it\nonce  %s\nagain %s", once.Encode(), again.Encode())
		}
	})
}

// D-041: what others wrote, and we say nothing of, stays.
func TestD041_MergeLosesNothingOfOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stands, ours, before := drawPatient(t, "stands"), drawPatient(t, "ours"), drawPatient(t, "before")
		next := mergeShared(stands, ours, before)
		for _, m := range stands.Members() {
			if lists[m.Name] || m.Name == "telecom" || m.Name == "identifier" {
				continue
			}
			if ours.Get(m.Name) == nil && ours.Get("_"+m.Name) == nil && before.Get(m.Name) == nil && m.Name[0] != '_' && !fhirjson.Equal(next.Get(m.Name), m.Value) {
				t.Fatalf("%s is lost: %s", m.Name, next.Encode())
			}
		}
		for _, v := range stands.Get("telecom").Items() {
			if value(v) != "" && !has(before.Get("telecom"), v) && !has(next.Get("telecom"), v) {
				t.Fatalf("a number of others is lost: %s", next.Encode())
			}
		}
		for _, v := range stands.Get("identifier").Items() {
			mine := slices.ContainsFunc(ours.Get("identifier").Items(), func(o *fhirjson.Value) bool { return sameSystem(o, v) })
			if value(v) != "" && !mine && !has(before.Get("identifier"), v) && !has(next.Get("identifier"), v) {
				t.Fatalf("an identifier of others is lost: %s", next.Encode())
			}
		}
		if value := stands.Get("birthDate"); value != nil && ours.Get("birthDate") == nil && before.Get("birthDate") == nil && next.Get("birthDate") == nil {
			t.Fatal("a known birth date is lost")
		}
	})
}

// What we say stands afterwards, unless we only say that we do not know.
func TestMergeHoldsWhatWeSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stands, ours := drawPatient(t, "stands"), drawPatient(t, "ours")
		next := mergeShared(stands, ours, nil)
		for _, list := range []string{"identifier", "telecom"} {
			for _, v := range ours.Get(list).Items() {
				if value(v) != "" && !has(next.Get(list), v) {
					t.Fatalf("%s is not written: %s", list, next.Encode())
				}
			}
		}
		for _, field := range []string{"birthDate", "maritalStatus"} {
			if v := ours.Get(field); v != nil && !fhirjson.Equal(next.Get(field), v) {
				t.Fatalf("%s is not written: %s", field, next.Encode())
			}
		}
		// No passport without a number beside one with a number.
		for _, v := range next.Get("identifier").Items() {
			for _, o := range next.Get("identifier").Items() {
				ourAbsent := value(v) == "" && !slices.ContainsFunc(stands.Get("identifier").Items(), func(s *fhirjson.Value) bool { return fhirjson.Equal(s, v) })
				if ourAbsent && value(o) != "" && sameKind(v, o) && has(stands.Get("identifier"), o) {
					t.Fatalf("a data-absent identifier stands beside a real one: %s", next.Encode())
				}
			}
		}
	})
}

// What we wrote and say no more is gone, if it was ours alone.
func TestMergeWithdraws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stands, before, ours := drawPatient(t, "stands"), drawPatient(t, "before"), drawPatient(t, "ours")
		next := mergeShared(mergeShared(stands, before, nil), ours, before)
		for _, list := range []string{"identifier", "telecom"} {
			for _, v := range before.Get(list).Items() {
				if value(v) != "" && !has(ours.Get(list), v) && has(next.Get(list), v) {
					t.Fatalf("a withdrawn %s stands: %s", list, next.Encode())
				}
			}
		}
		for _, field := range []string{"birthDate", "gender"} {
			if said := before.Get(field); said != nil && said.Str() != "unknown" && fhirjson.Equal(next.Get(field), said) && !fhirjson.Equal(ours.Get(field), said) {
				t.Fatalf("a withdrawn %s stands: %s", field, next.Encode())
			}
		}
	})
}
