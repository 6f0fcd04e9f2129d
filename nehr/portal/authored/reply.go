package authored

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/words"
)

// Reply takes what DHIS2 is told of an entry.
type Reply interface {
	// PutIn keeps the reply in the transaction that says that the entry is signed: it is
	// there if, and only if, the signature is. It takes the same reply any number of
	// times. An error undoes both, and both are tried again.
	PutIn(tx database.Tx, r ReplyText) error
}

// ReplyText is what DHIS2 is told, in plain words.
type ReplyText struct {
	// Entry and Version name it: the same are the same reply.
	Entry   string
	Version int
	// TrackedEntity is her UID in DHIS2. Event is the referral that is answered, and
	// Enrollment the pregnancy that it belongs to; either may be empty, not both.
	TrackedEntity string
	Event         string
	Enrollment    string
	// Author and Facility are what they are called; empty where nobody knows.
	Author, Facility string
	// Day is when it was so, such as 2026-03-02.
	Day string
	// Text is a sentence or two, with values and units, without author and day.
	Text string
}

// By is who wrote it, and where; empty where nobody knows.
func (r ReplyText) By() string { return strings.Join(nonEmpty(r.Author, r.Facility), ", ") }

// String is the whole reply as one text.
func (r ReplyText) String() string {
	if by := r.By(); by != "" {
		return by + ": " + r.Text
	}
	return r.Text
}

func nonEmpty(all ...string) (some []string) {
	for _, s := range all {
		if s != "" {
			some = append(some, s)
		}
	}
	return some
}

// uidForm is that of DHIS2's UIDs: what the record has in another form leads nowhere.
var uidForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{10}$`)

// reply makes the reply to what was written, and false where DHIS2 knows nothing that it
// could stand on.
func (d *Desk) reply(ctx context.Context, r row, version int64) (ReplyText, bool, error) {
	b := r.body
	for _, uid := range []*string{&b.TrackedEntity, &b.Event, &b.Enrollment} {
		if !uidForm.MatchString(*uid) {
			*uid = ""
		}
	}
	if d.c.Reply == nil || b.TrackedEntity == "" || b.Event == "" && b.Enrollment == "" {
		return ReplyText{}, false, nil
	}
	out := ReplyText{Entry: r.id, Version: int(version), TrackedEntity: b.TrackedEntity, Event: b.Event, Enrollment: b.Enrollment, Day: b.pending().Day}
	var err error
	if out.Author, err = d.c.Name(ctx, b.Actor.Person); err != nil {
		return out, false, err
	}
	if b.Actor.Facility != "" {
		if out.Facility, err = d.c.Name(ctx, b.Actor.Facility); err != nil {
			return out, false, err
		}
	}
	out.Text = Sentence(b.pending(), d.c.Lang, d.c.Zone)
	switch {
	case b.Withdraw:
		out.Text = fmt.Sprintf(replyTexts.in("reply_withdrawn", d.c.Lang), out.Text, b.Reason)
	case version > 1:
		out.Text = fmt.Sprintf(replyTexts.in("reply_amended", d.c.Lang), out.Text, b.Reason)
	}
	return out, true, nil
}

// Told is what DHIS2 would be told of a content, without its author; empty where DHIS2 is
// told nothing.
func (d *Desk) Told(c Content) string {
	if d.c.Reply == nil {
		return ""
	}
	return Sentence(c, d.c.Lang, d.c.Zone)
}

// Sentence says a content in plain words, with its day, values and units.
func Sentence(c Content, lang string, zone *time.Location) string {
	day := portal.ShowDate(c.Day, lang, zone)
	var says string
	switch c.Kind {
	case Observation:
		m, _ := MeasureOf(c.Measure)
		says = NameOf(m, lang) + ": " + strings.Join(c.Values, "/") + " " + UnitOf(m, lang)
	case Note:
		says = c.Text
	case Document:
		says = fmt.Sprintf(replyTexts.in("reply_document", lang), c.Title)
	}
	if c.Kind != Note && c.Text != "" {
		says += ". " + c.Text
	}
	return day + ": " + says
}

// NameOf is what a measure is called.
func NameOf(m Measure, lang string) string {
	if w, known := words.For("http://loinc.org", m.Code); known {
		return w.In(lang)
	}
	return m.Display
}

// UnitOf is the unit of a measure as people write it.
func UnitOf(m Measure, lang string) string {
	switch m.Unit {
	case "/min":
		return replyTexts.in("unit_per_minute", lang)
	case "Cel":
		return "°C"
	}
	return m.UnitText
}

type texts map[string]portal.Text

func (t texts) in(key, lang string) string { return t[key].In(lang) }

// replyTexts are read by people at DHIS2; a native speaker must review them.
var replyTexts = texts{
	"reply_document":  {"the document “%s” was added to the national record", "“%s” ලේඛනය ජාතික වාර්තාවට එක් කරන ලදී", "“%s” ஆவணம் தேசியப் பதிவில் சேர்க்கப்பட்டது"},
	"reply_amended":   {"Corrected. %s (reason: %s)", "නිවැරදි කරන ලදී. %s (හේතුව: %s)", "திருத்தப்பட்டது. %s (காரணம்: %s)"},
	"reply_withdrawn": {"Withdrawn, it was entered in error: %s (reason: %s)", "ආපසු ගන්නා ලදී, එය වැරදීමකින් ඇතුළත් කර ඇත: %s (හේතුව: %s)", "திரும்பப் பெறப்பட்டது, தவறாகப் பதியப்பட்டது: %s (காரணம்: %s)"},
	"unit_per_minute": {"per minute", "විනාඩියකට", "நிமிடத்திற்கு"},
}
