package nehr_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// canonical is a document with its members in order and its numbers as they
// are, for comparing two of them.
func canonical(t testing.TB, doc []byte) string {
	t.Helper()
	v := jsontext.Value(append([]byte(nil), doc...))
	if err := v.Canonicalize(jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false)); err != nil {
		t.Fatal(err)
	}
	if err := v.Indent(); err != nil {
		t.Fatal(err)
	}
	return string(v)
}

// TestDecodeLosesNothing reads and writes every example of the national guide
// and of IPS that is of a type of this package.
func TestDecodeLosesNothing(t *testing.T) {
	n := 0
	for _, pack := range []string{"ig/lk-nehr-fhir-ips-0.1.0.tgz", "ig/hl7.fhir.uv.ips-2.0.0.tgz"} {
		packed(t, pack, "package/example", func(name string, doc []byte) {
			r, err := nehr.Decode(doc)
			if errors.Is(err, nehr.ErrUnknownType) {
				return
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			n++
			back, err := nehr.Encode(r)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			if d := cmp.Diff(canonical(t, doc), canonical(t, back)); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		})
	}
	if n < 40 {
		t.Errorf("only %d examples found", n)
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := strings.Repeat(`{"extension":[`, nehr.MaxDepth) + strings.Repeat(`]}`, nehr.MaxDepth)
	for _, c := range []struct {
		name, in, pointer string
		want              error
	}{
		{"nothing", ``, "", nehr.ErrSyntax},
		{"cut off", `{"resourceType":"Patient","name":[{"text":"Ka`, "/name/0/text", nehr.ErrSyntax},
		{"two documents", `{"resourceType":"Patient"}{}`, "", nehr.ErrSyntax},
		{"an array", `[]`, "", nehr.ErrUnknownType},
		{"a word", `"Patient"`, "", nehr.ErrUnknownType},
		{"HTML", `<html>`, "", nehr.ErrSyntax},
		{"no type", `{"id":"1"}`, "/resourceType", nehr.ErrUnknownType},
		{"null type", `{"resourceType":null}`, "/resourceType", nehr.ErrUnknownType},
		{"a type of no use here", `{"resourceType":"Claim"}`, "/resourceType", nehr.ErrUnknownType},
		{"type twice", `{"resourceType":"Patient","resourceType":"Device"}`, "/resourceType", nehr.ErrDuplicate},
		{"name twice, deep", `{"resourceType":"Patient","name":[{"text":"a","text":"b"}]}`, "/name/0/text", nehr.ErrDuplicate},
		{"twice in what is not modelled", `{"resourceType":"Patient","foo":{"Kamala":1,"Kamala":2}}`, "/foo/Kamala", nehr.ErrDuplicate},
		{"twice by a name that is none of FHIR's", `{"resourceType":"Patient","foo":{"Kamala D.":1,"Kamala D.":2}}`, "/foo/?", nehr.ErrDuplicate},
		{"invalid UTF-8", "{\"resourceType\":\"Patient\",\"id\":\"\xff\"}", "/id", nehr.ErrUTF8},
		{"lone surrogate", `{"resourceType":"Patient","id":"\ud800"}`, "/id", nehr.ErrSyntax},
		{"deep", `{"resourceType":"Patient","extension":[` + deep + `]}`, "", nehr.ErrDepth},
		{"large", `{"resourceType":"Patient","id":"` + strings.Repeat("a", nehr.MaxResourceBytes) + `"}`, "", nehr.ErrSize},
		{"number for a word", `{"resourceType":"Patient","birthDate":19990101}`, "/birthDate", nehr.ErrType},
		{"word for a number", `{"resourceType":"Observation","valueQuantity":{"value":"secret"}}`, "/valueQuantity/value", nehr.ErrType},
		{"word for a list", `{"resourceType":"Patient","name":"Kamala"}`, "/name", nehr.ErrType},
		{"fraction for a whole number", `{"resourceType":"Observation","valueInteger":1.5}`, "/valueInteger", nehr.ErrType},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := nehr.Decode([]byte(c.in))
			e, ok := errors.AsType[*nehr.DecodeError](err)
			if !ok || r != nil {
				t.Fatalf("got %v, %v", r, err)
			}
			if !errors.Is(err, c.want) || e.Pointer != c.pointer {
				t.Errorf("got %q, want %v at %q", err, c.want, c.pointer)
			}
			for _, secret := range []string{"secret", "Kamala D", "19990101", "Claim"} {
				if strings.Contains(err.Error(), secret) {
					t.Error("the error holds a value of the document")
				}
			}
		})
	}
}

func TestDecodeOperationOutcome(t *testing.T) {
	r, err := nehr.Decode([]byte(`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"conflict",` +
		`"details":{"text":"version"},"diagnostics":"HAPI-0550","expression":["Patient.id"]}],"unheard":{"of":[1.0]}}`))
	if err != nil {
		t.Fatal(err)
	}
	o, ok := r.(*nehr.OperationOutcome)
	if !ok || len(o.Issue) != 1 {
		t.Fatalf("got %#v", r)
	}
	if i := o.Issue[0]; i.Severity != nehr.SeverityError || i.Code != "conflict" || i.Details.Text != "version" || i.Expression[0] != "Patient.id" {
		t.Errorf("got %+v", i)
	}
	if string(o.Rest) != `{"unheard":{"of":[1.0]}}` {
		t.Errorf("what is not modelled: %s", o.Rest)
	}
}

// FuzzDecode: no document makes Decode fail otherwise than by a DecodeError,
// and what is read can be written (or is refused for an empty node, of which
// documents of others may have some) and read again to the same.
func FuzzDecode(f *testing.F) {
	for _, i := range instances(absolute()) {
		doc, err := nehr.Encode(i.resource)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc)
	}
	f.Add([]byte(`{"resourceType":"Patient","name":[{"given":[null],"_given":[{"id":"a"}]}],"x":{"y":[null,{}]}}`))
	f.Add([]byte(`{"resourceType":"Observation","valueQuantity":{"value":1.50e-3}}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		r, err := nehr.Decode(doc)
		if err != nil {
			if _, ok := errors.AsType[*nehr.DecodeError](err); !ok {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		once, err := nehr.Encode(r)
		if err != nil {
			if _, ok := errors.AsType[*nehr.EncodeError](err); !ok {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		again, err := nehr.Decode(once)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		twice, err := nehr.Encode(again)
		if err != nil || string(twice) != string(once) {
			t.Fatalf("not stable: %v", err)
		}
	})
}
