package nehr_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr"
)

var resourceTypes = []string{
	"Appointment", "Condition", "Consent", "DetectedIssue", "Device", "Encounter", "Immunization", "Location",
	"MedicationStatement", "Observation", "OperationOutcome", "Organization", "Patient", "Practitioner",
	"PractitionerRole", "Provenance", "ServiceRequest", "Task",
}

// member is a JSON member of a struct: the field that wins by Go's rules of
// embedding, which are the JSON library's too.
type member struct {
	field reflect.StructField
	depth int
}

func members(t reflect.Type, depth int, into map[string]member) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" || options == "embed" {
			if f.Anonymous {
				members(f.Type, depth+1, into)
			}
			continue
		}
		if m, ok := into[name]; !ok || depth < m.depth {
			into[name] = member{f, depth}
		}
	}
}

// TestModelTakesPrimitivesOfSamplyOnly holds that what is not modelled here
// but served by samply cannot be written wrongly: nothing of it is written
// unless it was set, and none of it is a number as text, an enum whose zero is
// a code, or a type that holds one of these.
func TestModelTakesPrimitivesOfSamplyOnly(t *testing.T) {
	for _, name := range resourceTypes {
		r := nehr.New(name)
		if r == nil || r.ResourceType() != name {
			t.Fatalf("New(%q) = %v", name, r)
		}
		all := map[string]member{}
		members(reflect.TypeOf(r).Elem(), 0, all)
		if len(all) < 10 {
			t.Fatalf("%s: only %d members found", name, len(all))
		}
		for json, m := range all {
			if m.depth < 2 {
				continue
			}
			f := m.field
			switch f.Type {
			case reflect.TypeFor[*string](), reflect.TypeFor[*bool](), reflect.TypeFor[*int](), reflect.TypeFor[[]string]():
			default:
				t.Errorf("%s.%s is samply's %v", name, json, f.Type)
			}
			if !strings.HasSuffix(f.Tag.Get("json"), ",omitempty") {
				t.Errorf("%s.%s is written where it is not set", name, json)
			}
		}
	}
}

// TestModelOmitsWhatIsNotSet: a resource of which nothing is set is its type
// and nothing else.
func TestModelOmitsWhatIsNotSet(t *testing.T) {
	for _, name := range resourceTypes {
		got, err := nehr.Encode(nehr.New(name))
		if want := `{"resourceType":"` + name + `"}`; err != nil || string(got) != want {
			t.Errorf("got %s, %v", got, err)
		}
	}
}
