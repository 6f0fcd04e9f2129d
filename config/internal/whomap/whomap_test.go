package whomap

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nehrbridge/nehrbridge/golden/reference"
)

const header = "stageUid\tstageName\tsort\tdeUid\tdeCode\tdeName\tvalueType\tcompulsory\toptionSetUid\toptionSetName\tLOINC\tSNOMED\tICD10\tICD11\n"

func TestGenerate_committedMapIsCurrent(t *testing.T) {
	got, err := FromFolder(reference.Path(t, "data/dhis2"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "..", "maps", "who-anc.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("run go generate ./config (-committed +generated):\n%s", diff)
	}
}

func TestDecide(t *testing.T) {
	diabetes := element{stage: "iF5roNU7QWm", uid: "Aaaaaaaaaa1", name: "Type 1", valueType: "TRUE_ONLY", loinc: "45636-8", snomed: "46635009"}
	tests := []struct {
		name      string
		e         element
		ambiguous bool
		want      string // kind, system and code
		also      string
		why       string
		note      string
	}{
		{name: "LOINC where there is one", e: element{uid: "Aaaaaaaaaa1", valueType: "TRUE_ONLY", loinc: "45424-9", snomed: "84757009"}, want: "finding loinc 45424-9"},
		{name: "SNOMED where the LOINC does not tell apart", e: diabetes, ambiguous: true, want: "finding snomed 46635009"},
		{name: "the same LOINC on dates stays", e: element{uid: "Aaaaaaaaaa1", valueType: "DATE", loinc: "45636-8", snomed: "439272007"}, ambiguous: true, want: "date loinc 45636-8"},
		{name: "SNOMED alone", e: element{uid: "Aaaaaaaaaa1", valueType: "BOOLEAN", snomed: "249045009"}, want: "finding snomed 249045009"},
		{name: "both where both ask", e: element{uid: "w4ky6EkVahL", valueType: "DATE", loinc: "8665-2", snomed: "21840007"}, want: "date loinc 8665-2", also: "21840007"},
		{name: "nothing is guessed", e: element{uid: "Aaaaaaaaaa1", valueType: "BOOLEAN"}, want: "none", why: "no code in the metadata"},
		{name: "wrong check digit", e: element{uid: "Aaaaaaaaaa1", valueType: "BOOLEAN", snomed: "4484000"}, want: "none", why: "no usable code in the metadata", note: "check digit"},
		{name: "national extension", e: element{uid: "Aaaaaaaaaa1", valueType: "BOOLEAN", snomed: "441041000124100"}, want: "none", why: "no usable code in the metadata", note: "international edition"},
		{name: "more than a code", e: element{uid: "Aaaaaaaaaa1", valueType: "BOOLEAN", snomed: "410290005 | Family planning |"}, want: "none", why: "no usable code in the metadata", note: "more than a code"},
		{name: "a number without a unit", e: element{uid: "Aaaaaaaaaa1", valueType: "NUMBER", loinc: "718-7"}, want: "none", why: "no unit known"},
		{name: "a unit from the table", e: element{uid: "H90qsZViPcS", valueType: "INTEGER_POSITIVE", loinc: "29463-7", snomed: "27113001"}, want: "quantity loinc 29463-7", also: "27113001"},
		{name: "an override of a wrong code", e: element{uid: "C47wV4EBLaS", valueType: "INTEGER_POSITIVE", loinc: "8884-9"}, want: "quantity loinc 8867-4", note: "rhythm"},
		{name: "an earlier pregnancy is not today", e: element{stage: profileStage, code: "ANC.B6.DE43", uid: "KIAEwjx7xKt", valueType: "TRUE_ONLY", snomed: "11687002"}, want: "finding", note: "earlier pregnancy"},
		{name: "the same in another stage", e: element{stage: "gzx2JB0xCk1", code: "ANC.B6.DE43", uid: "KIAEwjx7xKt", valueType: "TRUE_ONLY", snomed: "11687002"}, want: "finding snomed 11687002"},
		{name: "an earlier pregnancy without a code", e: element{stage: profileStage, code: "ANC.B6.DE37", uid: "TGcfgzv8mQA", valueType: "TRUE_ONLY"}, want: "none", why: "no code in the metadata"},
		{name: "a code that means something else", e: element{uid: "lbXGlVlv2cI", valueType: "TRUE_ONLY", snomed: "1182007"}, want: "finding", note: "anti-hypertensives"},
		{name: "an option set", e: element{uid: "Aaaaaaaaaa1", valueType: "TEXT", optionSet: "bLA3AqDKdwx", snomed: "267029006"}, want: "coded snomed 267029006"},
		{name: "free text", e: element{uid: "Aaaaaaaaaa1", valueType: "TEXT", snomed: "74964007"}, want: "text snomed 74964007"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := &generator{ambiguous: map[string]bool{tt.e.loinc: tt.ambiguous}}
			d := g.decide(tt.e)
			got := string(d.kind)
			if d.code != nil && got != "none" {
				got += " " + string(d.code.System) + " " + d.code.Code
			}
			also := ""
			if d.also != nil {
				also = d.also.Code
			}
			if got != tt.want || also != tt.also || d.why != tt.why {
				t.Errorf("got %q, also %q, why %q; want %q, %q, %q", got, also, d.why, tt.want, tt.also, tt.why)
			}
			if notes := strings.Join(d.notes, "; "); !strings.Contains(notes, tt.note) {
				t.Errorf("notes %q do not say %q", notes, tt.note)
			}
		})
	}
}

func TestNamed(t *testing.T) {
	tests := []struct{ stage, code, name, want string }{
		{profileStage, "ANC.B6.DE123", "ANC.B6. Asthma", "Current medication: Asthma"},
		{profileStage, "ANC.B6.DE59", "ANC.B6. Albendazole", "Allergy: Albendazole"},
		{profileStage, "ANC.B6.DE61", "ANC.B6. Calcium allergy", "ANC.B6. Calcium allergy"},
		{profileStage, "ANC.B6.DE41", "ANC.B6. Convulsions", "Past pregnancy: Convulsions"},
		{profileStage, "ANC.B6.DE94", "ANC.B6. Epilepsy", "ANC.B6. Epilepsy"},
		{"n0hqa33uVjb", "ANC.B10.DE254", "ANC.B10. Expired", "Malaria prophylaxis not provided: Expired"},
		{"n0hqa33uVjb", "ANC.B10.DE227", "ANC.B10. Police", "Referral after violence: Police"},
		{"eR4sNwxkd9Q", "ANC.B9.DE204", "ANC.B9. Other reason TB screening not done (specify)", "ANC.B9. Other reason TB screening not done (specify)"},
		{"gzx2JB0xCk1", "ANC.B6.DE39", "ANC.B6. Alcohol use", "ANC.B6. Alcohol use"},
	}
	for _, tt := range tests {
		if got := named(element{stage: tt.stage, code: tt.code, name: tt.name}); got != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.code, tt.name, got, tt.want)
		}
	}
}

func TestLabels(t *testing.T) {
	for name, want := range map[string]string{
		"ANC.B9. HIV test date": "HIV", "Referral after violence: Police": "SDV", "ANC.B9. Syphilis test ordered": "STD",
		"Past pregnancy: Cocaine": "SUD", "ANC.B8. Height": "", "ANC.B6. No alcohol and/or substances": "SUD",
	} {
		if got := strings.Join(labels(name), " "); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestReadOptions_dropsDuplicateCodes(t *testing.T) {
	text := "optionSetUid\toptionCode\toptionName\n" +
		"x3cLV1OZfSF\tSTOCK-OUT\tStock-out\n" +
		"x3cLV1OZfSF\tOTHER\tOther\n" +
		"x3cLV1OZfSF\tSTOCK-OUT\tStock out again\n"
	sets, dropped, err := readOptions(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(sets["x3cLV1OZfSF"]) != 2 || len(dropped) != 1 || dropped[0].name != "Stock out again" {
		t.Errorf("got %v, dropped %v", sets, dropped)
	}
}

func TestGenerate_unusedOverrideIsAMistake(t *testing.T) {
	_, err := Generate(strings.NewReader(header), strings.NewReader("optionSetUid\toptionCode\toptionName\n"))
	if err == nil || !strings.Contains(err.Error(), "matches no data element") {
		t.Errorf("got %v, want a complaint about an override", err)
	}
}
