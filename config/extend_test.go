package config

import (
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// element finds a data element of a map by the UIDs of stage and element.
func element(t *testing.T, m *mapper.Map, stage, uid string) *mapper.StageElement {
	t.Helper()
	for i := range m.Stages {
		for j := range m.Stages[i].Elements {
			e := &m.Stages[i].Elements[j]
			if m.Stages[i].UID.String() == stage && e.UID.String() == uid {
				return e
			}
		}
	}
	t.Fatalf("the map %s has no element %s in stage %s", m.Name, uid, stage)
	return nil
}

func TestMaps_extend(t *testing.T) {
	const overlay = `extends: lk-anc
title: A province
referral:
  table: {Ooooooooo01: Ooooooooo02}
attributes:
  - {uid: CSZevH4P5yV, remove: true}
stages:
  - uid: GX0z9IXFaso
    elements:
      - {uid: cw35l7X4hnV, unit: g/L}
      - {uid: gu4sr8eOZcT, kind: none, why: asked twice, code: ~, unit: ~, category: ~, role: ~}
      - {uid: la93qSXMNCI, remove: true}
      - {uid: Aaaaaaaaaa9, name: Weight, type: NUMBER, kind: quantity, unit: kg, category: exam, code: {system: loinc, code: 29463-7, display: Body weight}}
`
	maps, err := Maps([]string{write(t, "province.yaml", overlay)})
	if err != nil {
		t.Fatal(err)
	}
	m := maps[0]
	if len(maps) != 2 || m.Name != "lk-anc" || m.Title != "A province" || m.Guide != mapper.GuideLK {
		t.Errorf("got %d maps, the first %s %q", len(maps), m.Name, m.Title)
	}
	if m.Referral.Table[dhis2.MustUID("Ooooooooo01")] != dhis2.MustUID("Ooooooooo02") {
		t.Error("the table of referrals was not read")
	}
	hb := element(t, m, "GX0z9IXFaso", "cw35l7X4hnV")
	if hb.Unit != "g/L" || hb.Code == nil || hb.Code.Code != "718-7" {
		t.Errorf("haemoglobin: got unit %q, code %v; want the new unit and the old code", hb.Unit, hb.Code)
	}
	if weeks := element(t, m, "GX0z9IXFaso", "gu4sr8eOZcT"); weeks.Kind != mapper.KindNone || weeks.Code != nil || weeks.Unit != "" {
		t.Errorf("weeks: got %+v, want kind none without code and unit", weeks)
	}
	visit := m.Stages[1]
	if n := len(visit.Elements); n != 19 || visit.Elements[n-1].UID.String() != "Aaaaaaaaaa9" {
		t.Errorf("got %d elements of the visit, want 19 with the new one last", n)
	}
	for _, e := range visit.Elements {
		if e.UID.String() == "la93qSXMNCI" {
			t.Error("the removed element is still there")
		}
	}
	if len(m.Attributes) != 10 {
		t.Errorf("got %d attributes, want 10", len(m.Attributes))
	}
	untouched, err := Maps(nil)
	if err != nil {
		t.Fatal(err)
	}
	if element(t, untouched[0], "GX0z9IXFaso", "cw35l7X4hnV").Unit != "g/dL" {
		t.Error("the embedded map was changed by the one that extends it")
	}
}

func TestMaps_extendTwice(t *testing.T) {
	one := write(t, "one.yaml", "extends: lk-anc\nname: province\ntitle: One\n")
	two := write(t, "two.yaml", "extends: province\ntitle: Two\n")
	maps, err := Maps([]string{one, two})
	if err != nil {
		t.Fatal(err)
	}
	if len(maps) != 2 || maps[0].Name != "province" || maps[0].Title != "Two" || len(maps[0].Stages) != 3 {
		t.Errorf("got %d maps, the first %s %q", len(maps), maps[0].Name, maps[0].Title)
	}
}

func TestMaps_wrongExtension(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"unknown base", "extends: lk-amc\n", ":1:1: extends: no map of this name: want one of lk-anc, who-anc"},
		{"a mistake of the extension", "extends: lk-anc\nstages:\n  - uid: GX0z9IXFaso\n    elements:\n      - {uid: cw35l7X4hnV, unit: g/dl}\n",
			":5:34: stages[1].elements[12].unit: unknown unit"},
		{"a mistake that the extension makes of the base", "extends: lk-anc\nstages:\n  - uid: GX0z9IXFaso\n    elements:\n      - {uid: cw35l7X4hnV, kind: finding}\n",
			"lk-anc:"},
		{"nothing to remove", "extends: lk-anc\nattributes:\n  - {uid: Aaaaaaaaaa9, remove: true}\n", ":3:5: attributes[0].remove: nothing to remove"},
		{"nothing to take away", "extends: lk-anc\nsensitivity: ~\n", ":2:14: sensitivity: nothing to take away"},
		{"the same element twice", "extends: lk-anc\nattributes:\n  - {uid: CSZevH4P5yV, name: A}\n  - {uid: CSZevH4P5yV, name: B}\n", ":4:5: attributes[1].uid: the UID stands twice"},
		{"unknown key", "extends: lk-anc\nstages:\n  - {uid: GX0z9IXFaso, kimd: visit}\n", ":3:24: stages[0].kimd: unknown key: did you mean kind?"},
		{"a list where a list is merged", "extends: lk-anc\nstages: none\n", ":2:9: stages: want a list"},
		{"an incomplete new element", "extends: lk-anc\nattributes:\n  - {uid: Aaaaaaaaaa9}\n", ":3:5: attributes[11].kind: unknown kind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Maps([]string{write(t, "x.yaml", tt.text)})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}
