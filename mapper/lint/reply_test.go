package lint_test

import (
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper/lint"
)

const replyMap = "extends: lk-anc\nreply: {stage: ReplyStage1, text: ReplyText01, author: ReplyAuth01, date: ReplyDate01}\n"

// TestReplyStage: DHIS2 must take what a specialist writes, again and again, and nothing
// of the stage is called unmapped.
func TestReplyStage(t *testing.T) {
	m, err := config.LoadMap("reply.yaml", []byte(replyMap))
	if err != nil {
		t.Fatal(err)
	}
	element := func(uid string, typ dhis2.ValueType) dhis2.StageElement {
		return dhis2.StageElement{DataElement: dhis2.DataElement{ID: dhis2.MustUID(uid), ValueType: typ}}
	}
	for _, tt := range []struct {
		name   string
		change func(*dhis2.ProgramStage)
		rule   lint.Rule // "" for no finding
	}{
		{"fit", func(*dhis2.ProgramStage) {}, ""},
		{"texts the other way round", func(s *dhis2.ProgramStage) { s.Elements[0].DataElement.ValueType = dhis2.Text }, ""},
		{"more elements", func(s *dhis2.ProgramStage) { s.Elements = append(s.Elements, element("ReplyMore01", dhis2.Boolean)) }, ""},
		{"another stage", func(s *dhis2.ProgramStage) { s.ID = dhis2.MustUID("ReplyStage2") }, lint.StageMissing},
		{"not repeatable", func(s *dhis2.ProgramStage) { s.Repeatable = false }, lint.ReplyOnce},
		{"without the text", func(s *dhis2.ProgramStage) { s.Elements = s.Elements[1:] }, lint.ElementMissing},
		{"text is a number", func(s *dhis2.ProgramStage) { s.Elements[0].DataElement.ValueType = dhis2.Number }, lint.KindUnfit},
		{"author is a user name", func(s *dhis2.ProgramStage) { s.Elements[1].DataElement.ValueType = dhis2.Boolean }, lint.KindUnfit},
		{"date is a text", func(s *dhis2.ProgramStage) { s.Elements[2].DataElement.ValueType = dhis2.Text }, lint.KindUnfit},
		{"demands more", func(s *dhis2.ProgramStage) {
			more := element("ReplyMore01", dhis2.Boolean)
			more.Compulsory = true
			s.Elements = append(s.Elements, more)
		}, lint.ReplyDemands},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := server(m)
			stage := dhis2.ProgramStage{ID: dhis2.MustUID("ReplyStage1"), Repeatable: true,
				Elements: []dhis2.StageElement{element("ReplyText01", dhis2.LongText), element("ReplyAuth01", dhis2.Text), element("ReplyDate01", dhis2.DateType)}}
			tt.change(&stage)
			p.Stages = append(p.Stages, stage)
			var found []lint.Rule
			for _, f := range lint.Check(m, []dhis2.Program{p}).Findings {
				if f.Stage == m.Reply.Stage {
					found = append(found, f.Rule)
					if f.Severity != lint.Error {
						t.Errorf("%s is %s", f.Rule, f.Severity)
					}
				}
			}
			if tt.rule == "" && len(found) > 0 || tt.rule != "" && (len(found) != 1 || found[0] != tt.rule) {
				t.Errorf("findings %v, want %q", found, tt.rule)
			}
		})
	}
}

// TestReplyInAMap: what is wrong about a reply is refused when the map is read.
func TestReplyInAMap(t *testing.T) {
	for reply, want := range map[string]string{
		"{text: ReplyText01}":                                                             "reply.stage",
		"{stage: ReplyStage1}":                                                            "reply.text",
		"{stage: aQYZkIhWzeJ, text: ReplyText01}":                                         "is the same stage",
		"{stage: ReplyStage1, text: ReplyText01, author: ReplyText01}":                    "reply.author",
		"{stage: ReplyStage1, text: ReplyText01, date: ReplyText01}":                      "reply.date",
		"{stage: ReplyStage1, text: ReplyText01, author: A2345678901, date: A2345678901}": "reply.date",
		"{stage: nonsense, text: ReplyText01}":                                            "reply.stage",
		"{stage: ReplyStage1, text: ReplyText01, colour: ReplyText02}":                    "colour",
	} {
		_, err := config.LoadMap("reply.yaml", []byte("extends: lk-anc\nreply: "+reply+"\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want something about %s", reply, err, want)
		}
	}
}
