package patient

import (
	"cmp"
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

// sight is one line of who saw her record.
type sight struct {
	Time      string `json:"time"`
	At        string `json:"-"` // as the page shows it
	Who       string `json:"who"`
	Facility  string `json:"facility"`
	Action    string `json:"what"`
	Purpose   string `json:"why"`
	Permitted bool   `json:"permitted"`
	Emergency bool   `json:"emergency"`
	Own       bool   `json:"by_yourself"`
	Handle    string `json:"-"` // to ask about it
	Times     int    `json:"-"` // how often on that day, where the page tells the last alone
	First     string `json:"-"` // when the first of them was
	seq       int64
}

// byDay tells what somebody did again and again on one day by the last of it: each click
// of a reader is an entry of the log, and the download has them all.
func byDay(sights []sight) (shown []sight) {
	known := map[sight]int{}
	for _, s := range sights {
		what := s
		what.Time, what.At, what.seq = s.Time[:len(time.DateOnly)], "", 0
		at, again := known[what]
		if !again {
			known[what] = len(shown)
			s.Times = 1
			shown = append(shown, s)
			continue
		}
		shown[at].Times++
		shown[at].First = s.At
	}
	return shown
}

type seenPage struct {
	Emergencies []emergency
	Sights      []sight
	Days        string
	Only        string
	More        bool
	ExportPath  string
}

// shownSights bounds a page of the log; the download has all.
const shownSights = 300

// filterOf reads what she chose. What is no choice of the form is passed over.
func (p *Portal) filterOf(v *portal.Visit) (f access.Filter, days, only string) {
	q := v.R.URL.Query()
	days, only = q.Get("days"), q.Get("only")
	switch days {
	case "7", "30", "365":
		f.From = p.now().AddDate(0, 0, -map[string]int{"7": 7, "30": 30, "365": 365}[days])
	default:
		days = ""
	}
	switch only {
	case "emergency":
		f.Emergency = true
	case "denied":
		f.DeniedOnly = true
	case "own":
		f.WithOwn = true
	default:
		only = ""
	}
	return f, days, only
}

// accesses shows who saw her record.
func (p *Portal) accesses(v *portal.Visit) error {
	f, days, only := p.filterOf(v)
	f.Limit = shownSights
	sights, err := p.sights(v, f)
	if err != nil {
		return err
	}
	more := len(sights) == shownSights
	sights = byDay(sights)
	for i := range sights {
		if !sights[i].Own {
			sights[i].Handle = v.Handle(entryHandle, strconv.FormatInt(sights[i].seq, 10))
		}
	}
	emergencies, err := p.emergencies(v, time.Time{})
	if err != nil {
		return err
	}
	return v.Show("access.html", v.T("who_saw"), seenPage{Emergencies: emergencies, Sights: sights, Days: days, Only: only, More: more,
		ExportPath: "?days=" + days + "&only=" + only})
}

// sights reads the log and calls everybody by name whose name is known.
func (p *Portal) sights(v *portal.Visit, f access.Filter) ([]sight, error) {
	entries, err := p.config.Gate.Log(v.R.Context(), reader(v), f)
	if err != nil {
		return nil, trouble(err)
	}
	names := map[string]string{}
	name := func(reference string) string {
		if reference == "" {
			return ""
		}
		known, asked := names[reference]
		if !asked && len(names) < 40 {
			// A name that cannot be read is no reason to hide that somebody looked.
			known, _ = p.config.Directory.Name(v.R.Context(), reference)
			names[reference] = known
		}
		return known
	}
	list := make([]sight, len(entries))
	for i, e := range entries {
		s := sight{Time: e.At.In(v.Now().Location()).Format(time.RFC3339), Permitted: e.Permitted,
			Emergency: e.Reason == access.ReasonEmergency || e.Action == access.ActionBreakGlass || e.Purpose == access.Emergency,
			Own:       e.Actor == access.KindPatient, Action: v.T("action_" + actionGroup(e.Action)), Purpose: v.T("purpose_" + string(e.Purpose))}
		s.At, s.seq = v.Moment(s.Time), e.Seq
		switch {
		case s.Own:
			s.Who = v.T("you")
		case e.Actor == access.KindSystem:
			s.Who = v.T("a_system")
		default:
			s.Who = cmp.Or(name(e.Person), v.T("a_clinician"))
		}
		s.Facility = name(e.Facility)
		list[i] = s
	}
	return list, nil
}

// emergency is a look at her record without consent, with what the clinician wrote.
type emergency struct{ At, Until, Who, Facility, Kind, Text string }

// emergencies are those since a time, the latest first.
func (p *Portal) emergencies(v *portal.Visit, since time.Time) ([]emergency, error) {
	found, err := p.config.Gate.BreakGlasses(v.R.Context(), reader(v))
	if err != nil {
		return nil, trouble(err)
	}
	var list []emergency
	for _, b := range found {
		if b.Patient != v.Session.Record || b.At.Before(since) {
			continue
		}
		// Nameless where the name cannot be read: that somebody looked is shown.
		who, _ := p.config.Directory.Name(v.R.Context(), b.Person)
		facility, _ := p.config.Directory.Name(v.R.Context(), b.Facility)
		list = append(list, emergency{v.Moment(b.At.Format(time.RFC3339)), v.Moment(b.Until.Format(time.RFC3339)), cmp.Or(who, v.T("a_clinician")), facility,
			v.T("emergency_" + string(b.Code)), b.Text})
	}
	return list, nil
}

// actionGroup is what an action is called on the page: she need not know the
// difference between a search and a count.
func actionGroup(a access.Action) string {
	switch a {
	case access.ActionOpen, access.ActionRecord, access.ActionRead, access.ActionHistory, access.ActionSearch, access.ActionCount, access.ActionBinary:
		return "read"
	case access.ActionFind:
		return "find"
	case access.ActionCreate, access.ActionUpdate:
		return "write"
	case access.ActionDisclose:
		return "disclose"
	case access.ActionAsk:
		return "ask"
	case access.ActionBreakGlass:
		return "emergency"
	}
	return "manage"
}

// export reads all of the log, once the gate has noted that it is taken out.
func (p *Portal) export(v *portal.Visit) ([]sight, error) {
	if err := p.config.Gate.Disclose(v.R.Context(), reader(v), v.Session.Record); err != nil {
		return nil, trouble(err)
	}
	f, _, _ := p.filterOf(v)
	f.Limit = -1
	return p.sights(v, f)
}

func (p *Portal) accessCSV(v *portal.Visit) error {
	list, err := p.export(v)
	if err != nil {
		return err
	}
	download(v.W, "text/csv; charset=utf-8", "who-saw-my-record.csv")
	w := csv.NewWriter(v.W)
	rows := [][]string{{v.T("when"), v.T("who"), v.T("where"), v.T("what"), v.T("why"), v.T("permitted"), v.T("emergency")}}
	for _, s := range list {
		rows = append(rows, []string{s.Time, harmless(s.Who), harmless(s.Facility), s.Action, s.Purpose, v.T(yesNo(s.Permitted)), v.T(yesNo(s.Emergency))})
	}
	return w.WriteAll(rows)
}

func (p *Portal) accessJSON(v *portal.Visit) error {
	list, err := p.export(v)
	if err != nil {
		return err
	}
	download(v.W, "application/json", "who-saw-my-record.json")
	return json.MarshalWrite(v.W, list, jsontext.WithIndent("  "))
}

func download(w http.ResponseWriter, kind, name string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// harmless keeps a spreadsheet from taking a name for a formula (OWASP, CSV injection):
// it looks at what follows blanks, quotes and marks that are not seen, too.
func harmless(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfeff || r == 0x200b {
			return ' '
		}
		return r
	}, s)
	if start := strings.TrimLeft(s, " \"'\u00a0\u3000"); start != "" && strings.ContainsRune("=+-@|%＝＋－＠", []rune(start)[0]) {
		return "'" + s
	}
	return s
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
