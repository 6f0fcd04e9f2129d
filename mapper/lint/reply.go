package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// reply compares the stage that takes specialists' replies: what DHIS2 would refuse is
// found here, and not when somebody waits for an answer.
func (c *checker) reply(r mapper.Reply, p *dhis2.Program) {
	if r.IsZero() {
		return
	}
	i := slices.IndexFunc(p.Stages, func(s dhis2.ProgramStage) bool { return s.ID == r.Stage })
	if i < 0 {
		c.add(Finding{Severity: Error, Rule: StageMissing, Stage: r.Stage, Message: "the program has no such stage, which reply names"})
		return
	}
	stage := &p.Stages[i]
	if !stage.Repeatable {
		c.add(Finding{Severity: Error, Rule: ReplyOnce, Stage: r.Stage, Name: stage.Name,
			Message: "reply names a stage that is not repeatable: the second reply would be refused"})
	}
	texts := []dhis2.ValueType{dhis2.LongText, dhis2.Text}
	for _, want := range []struct {
		as    string
		uid   dhis2.UID
		types []dhis2.ValueType
	}{{"text", r.Text, texts}, {"author", r.Author, texts}, {"date", r.Date, []dhis2.ValueType{dhis2.DateType}}} {
		if want.uid.IsZero() {
			continue
		}
		f := Finding{Severity: Error, Stage: r.Stage, Element: want.uid}
		at := slices.IndexFunc(stage.Elements, func(e dhis2.StageElement) bool { return e.DataElement.ID == want.uid })
		if at < 0 {
			f.Rule, f.Message = ElementMissing, "the stage has no such data element, which reply."+want.as+" names"
			c.add(f)
			continue
		}
		e := &stage.Elements[at].DataElement
		if f.Name = e.Name; !slices.Contains(want.types, e.ValueType) {
			var names []string
			for _, t := range want.types {
				names = append(names, string(t))
			}
			f.Rule, f.Message = KindUnfit, fmt.Sprintf("reply.%s needs a data element of type %s, this one is %s", want.as, strings.Join(names, " or "), e.ValueType)
			c.add(f)
		}
	}
	for i := range stage.Elements {
		if e := &stage.Elements[i]; e.Compulsory && e.DataElement.ID != r.Text && e.DataElement.ID != r.Author && e.DataElement.ID != r.Date {
			c.add(Finding{Severity: Error, Rule: ReplyDemands, Stage: r.Stage, Element: e.DataElement.ID, Name: e.DataElement.Name,
				Message: "the stage demands this data element, which a reply does not have"})
		}
	}
}
