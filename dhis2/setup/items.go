package setup

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// items are what setup looks after on this server, in the order in which they are
// made, and what an administrator has to know or do.
func items(w *Wanted, f *found) ([]*Item, []Note) {
	b := &builder{w: w, f: f, made: map[dhis2.UID]bool{}}
	b.checkServer()
	b.account()
	b.routes()
	b.app()
	for i := range w.Forms {
		b.form(&w.Forms[i])
	}
	if a := w.Account; a != nil { // last: its key is shown once, by a run that went well
		b.add(&Item{Kind: KindToken, Title: "token of " + a.Username, ID: f.uid("users", a.Username)})
	}
	return b.items, b.notes
}

type builder struct {
	w     *Wanted
	f     *found
	items []*Item
	notes []Note
	made  map[dhis2.UID]bool // attributes that an item makes
}

func (b *builder) add(it *Item) { b.items = append(b.items, it) }

// object is an item of a metadata object that has an id.
func object(collection, title string, id dhis2.UID, doc any) *Item {
	want := members(encoded(doc))
	want["id"] = encoded(id)
	return &Item{Kind: KindObject, Title: title, Collection: collection, ID: id, want: encoded(want)}
}

type access struct {
	ID     dhis2.UID `json:"id"`
	Access string    `json:"access"`
}

// account makes the role, the user, and its rights to the programs.
func (b *builder) account() {
	a := b.w.Account
	if a == nil {
		return
	}
	role, user := b.f.uid("userRoles", RoleCode), b.f.uid("users", a.Username)
	b.add(object("userRoles", "role "+RoleCode, role, map[string]any{"code": RoleCode, "name": "nehrbridge service",
		"authorities": []string{"F_USER_VIEW"}})) // who may register people is asked of DHIS2
	roots := []dhis2.Object{}
	for _, id := range b.f.roots {
		roots = append(roots, dhis2.Object{ID: id})
	}
	if len(roots) == 0 {
		b.must("organisation units", "no root organisation unit is shown: the service's user needs them all for data capture, or lists of people hold less")
	}
	b.add(object("users", "user "+a.Username, user, map[string]any{"username": a.Username, "firstName": "nehrbridge", "surname": "service",
		"userRoles": []dhis2.Object{{ID: role}}, "organisationUnits": roots}))
	data := "r-r-----"
	if a.Writes {
		data = "r-rw----"
	}
	grant := func(collection string, id dhis2.UID, of sharing) {
		if !id.IsZero() && union(of.Public, data) != placedOf(of.Public) {
			b.add(&Item{Kind: KindGrant, Title: "access of " + a.Username + " to " + collection + " " + id.String(),
				Collection: collection, ID: id, Of: user, want: encoded(data)})
		}
	}
	seen := map[dhis2.UID]bool{}
	for _, id := range a.Programs {
		p := b.f.programs[id]
		grant("programs", id, p.Sharing)
		for _, st := range p.Stages {
			grant("programStages", st.ID, st.Sharing)
		}
		if !seen[p.Type.ID] {
			grant("trackedEntityTypes", p.Type.ID, b.f.types[p.Type.ID])
		}
		seen[p.Type.ID] = true
	}
}

// placedOf is an access string with all its places.
func placedOf(access string) string { return union(access, noAccess) }

func (b *builder) routes() {
	groups := map[string]access{}
	for _, g := range b.w.RouteGroups {
		if !slices.Contains(b.f.groups, g) {
			b.must("user group "+g.String(), "the server does not show it: its members could not call the Routes")
		}
		groups[g.String()] = access{g, "r-------"}
	}
	if len(b.w.Routes) > 0 && len(groups) == 0 {
		b.should("Routes", "no user group may call them: name the groups of those who register people (--group)")
	}
	for _, r := range b.w.Routes {
		it := object("routes", "Route "+r.Code, b.f.uid("routes", r.Code), map[string]any{
			"code": r.Code, "name": r.Name, "url": strings.TrimSuffix(b.w.BridgeURL, "/") + r.Path + "/**", "disabled": false,
			"authorities": []string{}, "responseTimeoutSeconds": 20, "auth": map[string]string{"type": "api-token"},
			// Who may read a Route may call it, whatever its authorities are.
			"sharing": map[string]any{"public": noAccess, "users": map[string]access{}, "userGroups": groups},
		})
		it.secret = secret{"auth", encoded(map[string]string{"type": "api-token", "token": r.Secret}),
			encoded(map[string]string{"type": "api-token", "token": "(secret)"})}
		it.Secret = fingerprint(r.Secret)
		b.add(it)
	}
}

// fingerprint tells later whether a secret is the one that was written. Secrets are
// random and long: a hash does not give them away.
func fingerprint(s string) string {
	sum := sha256.Sum256([]byte("nehrbridge setup " + s))
	return hex.EncodeToString(sum[:])
}

func (b *builder) app() {
	if len(b.w.App.Zip) > 0 {
		b.add(&Item{Kind: KindApp, Title: "app " + AppKey, Version: b.w.App.Version, app: b.w.App.Zip})
	}
}

// form makes what the fields of a program's form need, and places them.
func (b *builder) form(form *Form) {
	p := b.f.programs[form.Program]
	var hidden []dhis2.UID
	layout := &layoutWant{}
	if v := form.Verify; v != nil {
		evidence := v.Evidence
		if evidence.IsZero() {
			evidence = b.f.uid("trackedEntityAttributes", EvidenceCode)
		}
		pl := plugin{field: "verify", id: AppKey + "-verify", name: "Verify patient", beside: append([]dhis2.UID{v.Beside}, v.Attributes...)}
		if v.Beside.IsZero() && form.PHN != nil {
			// What she shared is what her number is searched by.
			pl.beside = append(pl.beside, form.PHN.Beside, form.PHN.Number)
		}
		for _, a := range v.Attributes {
			if a == v.Subject {
				b.attribute(p, a, SubjectCode, "eSignet subject", "TEXT", "TEXT", "LONG_TEXT")
			} else if !slices.Contains(p.attributes(), a) {
				b.must("attribute "+a.String(), "the claim map of program "+form.Program.String()+" fills it, and the program does not have it: it is left out of the form")
				continue
			}
			pl.fields = append(pl.fields, mapped{a.String(), a.String(), attributeType})
		}
		b.attribute(p, evidence, EvidenceCode, "eSignet evidence", "TEXT", "TEXT", "LONG_TEXT")
		pl.fields = append(pl.fields, mapped{evidence.String(), "evidence", attributeType})
		hidden = append(hidden, v.Subject, evidence)
		layout.plugins = append(layout.plugins, b.placed(form, pl))
	}
	if n := form.PHN; n != nil {
		verified := n.Verified
		if verified.IsZero() {
			verified = b.f.uid("trackedEntityAttributes", VerifiedCode)
		}
		if !slices.Contains(p.attributes(), n.Number) {
			b.must("attribute "+n.Number.String(), "program "+form.Program.String()+" does not have the attribute of the PHN: its field is left out of the form")
		} else {
			b.attribute(p, verified, VerifiedCode, "PHN verified", "TRUE_ONLY", "TRUE_ONLY", "BOOLEAN")
			pl := plugin{field: "phn", id: AppKey + "-phn", name: "Personal health number", beside: []dhis2.UID{n.Beside, n.Number},
				fields: []mapped{{n.Number.String(), "phn", attributeType}, {verified.String(), "phnVerified", attributeType}}}
			for _, name := range slices.Sorted(maps.Keys(n.Search)) {
				if id := n.Search[name]; slices.Contains(p.attributes(), id) {
					pl.fields = append(pl.fields, mapped{id.String(), name, attributeType})
				}
			}
			hidden = append(hidden, verified)
			layout.plugins = append(layout.plugins, b.placed(form, pl))
		}
	}
	if len(layout.plugins) == 0 || len(b.w.App.Zip) == 0 {
		return
	}
	if !p.HTML.ID.IsZero() {
		b.must("program "+form.Program.String(), "it has a custom HTML form, and Capture then shows no plugin: remove the custom form in the Maintenance app")
	}
	for _, id := range hidden {
		if p.mandatory(id) {
			b.must("attribute "+id.String(), "it is mandatory in program "+form.Program.String()+" and is filled by the plugin alone: who is not verified could not be enrolled")
		}
	}
	layout.initial = initialLayout(p, hidden)
	b.add(&Item{Kind: KindForm, Title: "form of program " + form.Program.String(), ID: form.Program, layout: layout})
}

// placed gives the plugin its address.
func (b *builder) placed(form *Form, p plugin) plugin {
	q := url.Values{"field": {p.field}, "program": {form.Program.String()}}
	maps.Copy(q, form.Parameters)
	p.source = browserURL(b.w, b.f) + pluginPath + "?" + q.Encode()
	return p
}

// browserURL is DHIS2 as browsers reach it.
func browserURL(w *Wanted, f *found) string {
	for _, u := range []string{w.BrowserURL, f.info.InstanceBaseURL, f.info.ContextPath} {
		if u != "" {
			return strings.TrimSuffix(u, "/")
		}
	}
	return ""
}

// attribute makes an attribute where it is missing, and its row in the program.
func (b *builder) attribute(p *program, id dhis2.UID, code, name, valueType string, accepted ...string) {
	if is, ok := b.f.attributes[id]; ok {
		if !slices.Contains(accepted, string(is.ValueType)) {
			b.must("attribute "+id.String(), "it is there with another value type; wanted is "+strings.Join(accepted, " or "))
		}
	} else if !b.made[id] {
		b.made[id] = true
		if _, taken := b.f.known["trackedEntityAttributes "+code]; taken {
			code, name = code+"_"+id.String(), name+" "+id.String() // another one has them
		}
		b.add(object("trackedEntityAttributes", "attribute "+name+" ("+id.String()+")", id, map[string]any{
			"code": code, "name": name, "shortName": name, "valueType": valueType, "aggregationType": "NONE",
			"sharing": map[string]string{"public": "r-------"}, // all who open the form must read it
		}))
		b.f.known["trackedEntityAttributes "+code] = id
	}
	if slices.Contains(p.attributes(), id) {
		return
	}
	row := derived(b.f.info.SystemID, "row", p.ID.String(), id.String())
	b.add(&Item{Kind: KindRow, Title: "attribute " + id.String() + " in program " + p.ID.String(), ID: p.ID, Of: id,
		want: jsontext.Value(encoded(map[string]any{"id": row, "mandatory": false, "searchable": false, "displayInList": false,
			"trackedEntityAttribute": map[string]dhis2.UID{"id": id}}))})
}
