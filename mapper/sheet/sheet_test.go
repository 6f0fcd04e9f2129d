package sheet_test

import (
	"bytes"
	"errors"
	"flag"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/mapper/sheet"
)

var update = flag.Bool("update", false, "write the golden page")

const small = `name: small
title: A <small> map
guide: ips
zone: Asia/Colombo
program: Aaaaaaaaaa1
trackedEntityType: Aaaaaaaaaa2
pregnancyStatus: true
sensitivity: [N]
referral: {target: Aaaaaaaaaa9}
attributes:
  - {uid: Aaaaaaaaaa3, name: Gender, type: TEXT, kind: gender, genders: {m: male, f: female}}
  - {uid: Aaaaaaaaaa4, name: Smokes, type: BOOLEAN, kind: observation, as: question, category: survey}
stages:
  - uid: Aaaaaaaaaa5
    name: Visit
    kind: referral
    reason: {system: snomed, code: "77386006", display: Pregnant}
    sensitivity: [R]
    elements:
      - {uid: Aaaaaaaaaa6, name: Haemoglobin, type: NUMBER, kind: quantity, code: {system: loinc, code: 718-7, display: Hemoglobin}, unit: g/dL, category: laboratory, sensitivity: [HIV]}
      - {uid: Aaaaaaaaaa7, name: Systolic, type: NUMBER, kind: systolic}
      - {uid: Aaaaaaaaaa8, name: Answer, type: TEXT, kind: coded, category: survey, optionSet: Aaaaaaaaab1, options: [{code: A, text: First & last}]}
      - {uid: Aaaaaaaaaa9, name: To, type: ORGANISATION_UNIT, kind: referral-target}
      - {uid: Aaaaaaaaab2, name: Note, type: LONG_TEXT, kind: none, why: private}
`

func render(t *testing.T, m *mapper.Map) string {
	t.Helper()
	var b bytes.Buffer
	if err := sheet.Write(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWrite_golden(t *testing.T) {
	m, err := config.LoadMap("small.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	got := render(t, m)
	path := filepath.Join("testdata", "small.html")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("run go test ./mapper/sheet -update and read the difference (-golden +got):\n%s", diff)
	}
}

// TestWrite_embeddedMaps: every element of both maps stands on its page with
// its code and unit, and the page is accessible and needs nothing from outside.
func TestWrite_embeddedMaps(t *testing.T) {
	maps, err := config.Maps(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range maps {
		t.Run(m.Name, func(t *testing.T) {
			page := render(t, m)
			for _, a := range m.Attributes {
				line(t, page, &a.Element)
			}
			for _, s := range m.Stages {
				section := page[strings.Index(page, `<h2 id="`+s.UID.String()+`">`):]
				if end := strings.Index(section, "</table>"); end > 0 {
					section = section[:end]
				}
				for _, e := range s.Elements {
					line(t, section, &e.Element)
				}
			}
			accessible(t, page, len(m.Stages)+2)
		})
	}
}

func line(t *testing.T, page string, e *mapper.Element) {
	t.Helper()
	_, rest, found := strings.Cut(page, html.EscapeString(e.Name)+` <span class="small">`+e.UID.String()+" "+string(e.Type)+"</span>")
	if !found {
		t.Errorf("%s %s is not on the page", e.UID, e.Name)
		return
	}
	row, _, _ := strings.Cut(rest, "</tr>")
	row = html.UnescapeString(row)
	if e.Code != nil && (!strings.Contains(row, " "+e.Code.Code+"<") || !strings.Contains(row, ">"+e.Code.Display+"<")) {
		t.Errorf("%s: no code %s %s in %s", e.UID, e.Code.Code, e.Code.Display, row)
	}
	if !strings.Contains(row, "<td>"+e.Unit+"</td>") || !strings.Contains(row, "Not sent: "+e.Why) && e.Why != "" || strings.Contains(row, "Unknown kind") {
		t.Errorf("%s: got %s", e.UID, row)
	}
	for _, o := range e.Options {
		if !strings.Contains(row, "<li>"+o.Code+": "+o.Text+"</li>") {
			t.Errorf("%s: the option %s is missing", e.UID, o.Code)
		}
	}
}

func accessible(t *testing.T, page string, tables int) {
	t.Helper()
	for _, want := range []string{`<html lang="en">`, "<title>", `<meta charset="utf-8">`, "@media print", "<h1>", "<main>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if n := strings.Count(page, "<caption>"); n != tables || strings.Count(page, "<table") != tables {
		t.Errorf("%d tables with %d captions, want %d of each", strings.Count(page, "<table"), n, tables)
	}
	if regexp.MustCompile(`<th[ >]`).FindAllStringIndex(page, -1) == nil || regexp.MustCompile(`<th>`).MatchString(page) {
		t.Error("a header cell has no scope")
	}
	if found := regexp.MustCompile(`(?i)<script|<link|<img|src=|href=|url\(|@import|javascript:| on[a-z]+=`).FindString(page); found != "" {
		t.Errorf("the page is not self-contained: %s", found)
	}
}

func TestHash(t *testing.T) {
	load := func(text string) *mapper.Map {
		m, err := config.LoadMap("small.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	hash := func(m *mapper.Map) string {
		h, err := sheet.Hash(m)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	base := hash(load(small))
	if len(base) != 64 || hash(load("# a comment\n"+small)) != base {
		t.Errorf("a comment must not change the hash %s", base)
	}
	changed := load(small)
	changed.Stages[0].Elements[0].Unit = "g/L"
	if hash(changed) == base {
		t.Error("another unit must change the hash")
	}
	changed = load(small)
	changed.Referral = mapper.Referral{Table: map[dhis2.UID]dhis2.UID{dhis2.MustUID("Ooooooooo01"): dhis2.MustUID("Ooooooooo02")}}
	if h := hash(changed); h == base || h != hash(changed) {
		t.Error("the table of referrals must change the hash, always in the same way")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestWrite_failingWriter(t *testing.T) {
	if err := sheet.Write(full{}, &mapper.Map{Name: "small"}); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("got %v", err)
	}
}
