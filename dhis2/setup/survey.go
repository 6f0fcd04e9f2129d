package setup

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// found is what a server tells that decides which items there are.
type found struct {
	info       *dhis2.SystemInfo
	version    api.Version
	me         *api.Me
	programs   map[dhis2.UID]*program
	types      map[dhis2.UID]sharing
	attributes map[dhis2.UID]dhis2.DataElement
	known      map[string]dhis2.UID // by collection and code: "routes nehrbridge-verify"
	roots      []dhis2.UID
	groups     []dhis2.UID
	cors       []string
}

type sharing struct {
	Public string `json:"public"`
}

// program is what is asked of one.
type program struct {
	ID       dhis2.UID        `json:"id"`
	Sections []programSection `json:"programSections"`
	Rows     []programRow     `json:"programTrackedEntityAttributes"`
	Type     dhis2.Object     `json:"trackedEntityType"`
	HTML     dhis2.Object     `json:"dataEntryForm"`
	Sharing  sharing          `json:"sharing"`
	Stages   []struct {
		ID      dhis2.UID `json:"id"`
		Sharing sharing   `json:"sharing"`
	} `json:"programStages"`
}

type programSection struct {
	ID         dhis2.UID      `json:"id"`
	Order      int            `json:"sortOrder"`
	Attributes []dhis2.Object `json:"trackedEntityAttributes"`
}

type programRow struct {
	Order     int               `json:"sortOrder"`
	Mandatory bool              `json:"mandatory"`
	Attribute dhis2.DataElement `json:"trackedEntityAttribute"`
}

const programFields = "id,programSections[id,sortOrder,trackedEntityAttributes[id]]," +
	"programTrackedEntityAttributes[sortOrder,mandatory,trackedEntityAttribute[id,valueType]]," +
	"trackedEntityType[id],dataEntryForm[id],sharing,programStages[id,sharing]"

func (p *program) attributes() (ids []dhis2.UID) {
	for _, r := range p.Rows {
		ids = append(ids, r.Attribute.ID)
	}
	return ids
}

func (p *program) mandatory(attribute dhis2.UID) bool {
	for _, r := range p.Rows {
		if r.Attribute.ID == attribute {
			return r.Mandatory
		}
	}
	return false
}

// survey reads what decides about the items. It writes nothing.
func survey(ctx context.Context, s Administrator, w *Wanted) (*found, error) {
	f := &found{programs: map[dhis2.UID]*program{}, types: map[dhis2.UID]sharing{}, attributes: map[dhis2.UID]dhis2.DataElement{}, known: map[string]dhis2.UID{}}
	var err error
	if f.info, err = s.SystemInfo(ctx); err != nil {
		return nil, err
	}
	if f.version, err = api.ParseVersion(f.info.Version); err != nil {
		return nil, err
	}
	if f.info.SystemID == "" {
		return nil, fmt.Errorf("dhis2/setup: the server does not say which one it is (systemId)")
	}
	if f.me, err = s.Me(ctx); err != nil {
		return nil, err
	}
	var attributes []dhis2.UID
	for _, id := range w.programs() {
		p, err := readProgram(ctx, s, id)
		if err != nil {
			return nil, fmt.Errorf("program %s: %w", id, err)
		}
		f.programs[id] = p
		if w.Account == nil || p.Type.ID.IsZero() {
			continue
		}
		var t struct {
			Sharing sharing `json:"sharing"`
		}
		if err := read(ctx, s, "/api/trackedEntityTypes/"+p.Type.ID.String(), url.Values{"fields": {"id,sharing"}}, &t); err != nil {
			return nil, err
		}
		f.types[p.Type.ID] = t.Sharing
	}
	for _, form := range w.Forms {
		attributes = append(attributes, form.attributes()...)
	}
	if err := f.readAttributes(ctx, s, attributes); err != nil {
		return nil, err
	}
	codes := []string{}
	for _, r := range w.Routes {
		codes = append(codes, r.Code)
	}
	if err := f.find(ctx, s, "routes", "code", codes...); err != nil {
		return nil, err
	}
	if a := w.Account; a != nil {
		if err := f.find(ctx, s, "userRoles", "code", RoleCode); err != nil {
			return nil, err
		}
		if err := f.find(ctx, s, "users", "username", a.Username); err != nil {
			return nil, err
		}
		if f.roots, err = list(ctx, s, "organisationUnits", url.Values{"filter": {"level:eq:1"}}); err != nil {
			return nil, err
		}
	}
	if f.groups, err = list(ctx, s, "userGroups", url.Values{}); err != nil {
		return nil, err
	}
	// Who may not read it is told nothing about it.
	_ = read(ctx, s, "/api/configuration/corsWhitelist", nil, &f.cors)
	return f, nil
}

// programs are those of the forms and of the account, each once.
func (w *Wanted) programs() (ids []dhis2.UID) {
	for _, f := range w.Forms {
		ids = append(ids, f.Program)
	}
	if w.Account != nil {
		ids = append(ids, w.Account.Programs...)
	}
	out := []dhis2.UID{}
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// attributes are all that a form names.
func (f *Form) attributes() (ids []dhis2.UID) {
	if v := f.Verify; v != nil {
		ids = append(append(ids, v.Attributes...), v.Subject, v.Evidence)
	}
	if p := f.PHN; p != nil {
		ids = append(ids, p.Number, p.Verified)
		for _, id := range p.Search {
			ids = append(ids, id)
		}
	}
	return slices.DeleteFunc(ids, dhis2.UID.IsZero)
}

func readProgram(ctx context.Context, s Server, id dhis2.UID) (*program, error) {
	p := new(program)
	if err := read(ctx, s, "/api/programs/"+id.String(), url.Values{"fields": {programFields}}, p); err != nil {
		return nil, err
	}
	if p.ID != id {
		return nil, fmt.Errorf("dhis2/setup: the answer is another program")
	}
	slices.SortStableFunc(p.Sections, func(a, b programSection) int { return cmp.Compare(a.Order, b.Order) })
	slices.SortStableFunc(p.Rows, func(a, b programRow) int { return cmp.Compare(a.Order, b.Order) })
	return p, nil
}

// readAttributes reads those of these UIDs, and those that setup made before.
func (f *found) readAttributes(ctx context.Context, s Server, ids []dhis2.UID) error {
	names := []string{}
	for _, id := range ids {
		names = append(names, id.String())
	}
	slices.Sort(names)
	for _, filter := range []string{"id:in:[" + strings.Join(slices.Compact(names), ",") + "]",
		"code:in:[" + strings.Join([]string{SubjectCode, EvidenceCode, VerifiedCode}, ",") + "]"} {
		var page struct {
			Attributes []dhis2.DataElement `json:"trackedEntityAttributes"`
		}
		if err := read(ctx, s, "/api/trackedEntityAttributes", url.Values{"filter": {filter}, "fields": {"id,code,valueType"}, "paging": {"false"}}, &page); err != nil {
			return err
		}
		for _, a := range page.Attributes {
			if a.ID.IsZero() {
				continue
			}
			f.attributes[a.ID] = a
			if a.Code != "" {
				f.known["trackedEntityAttributes "+a.Code] = a.ID
			}
		}
	}
	return nil
}

// find notes which objects of a collection have one of these codes or names.
func (f *found) find(ctx context.Context, s Server, collection, property string, values ...string) error {
	for _, v := range values {
		ids, err := list(ctx, s, collection, url.Values{"filter": {property + ":eq:" + v}})
		if err != nil {
			return err
		}
		if len(ids) == 1 {
			f.known[collection+" "+v] = ids[0]
		}
	}
	return nil
}

// list gives the identifiers of a collection.
func list(ctx context.Context, s Server, collection string, q url.Values) ([]dhis2.UID, error) {
	q.Set("fields", "id")
	q.Set("paging", "false")
	v, err := s.Read(ctx, "/api/"+collection, q)
	if err != nil {
		return nil, err
	}
	page, err := dhis2.DecodePage[dhis2.Object](v, collection)
	if err != nil {
		return nil, fmt.Errorf("dhis2/setup: list %s: %w", collection, err)
	}
	ids := []dhis2.UID{}
	for _, o := range page.Items {
		if !o.ID.IsZero() {
			ids = append(ids, o.ID)
		}
	}
	return ids, nil
}

func read(ctx context.Context, s Server, path string, q url.Values, into any) error {
	v, err := s.Read(ctx, path, q)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(v, into); err != nil {
		return fmt.Errorf("dhis2/setup: %s: the answer is not what was asked for", path)
	}
	return nil
}

// uid is that of the object with this code: the one that is there, or one that is
// the same whenever it is asked for at this server.
func (f *found) uid(collection, code string) dhis2.UID {
	if id, ok := f.known[collection+" "+code]; ok {
		return id
	}
	return derived(f.info.SystemID, collection, code)
}

// derived makes a UID of names: a letter and ten letters or digits.
func derived(names ...string) dhis2.UID {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	sum := sha256.Sum256([]byte(strings.Join(names, "\x00")))
	b := make([]byte, 11)
	for i := range b {
		n := len(letters)
		if i == 0 {
			n = 52
		}
		b[i] = letters[(int(sum[2*i])<<8|int(sum[2*i+1]))%n]
	}
	return dhis2.MustUID(string(b))
}
