package clinician_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/esignet"
	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/patient"
)

// The pages and forms of the portal.
var (
	pages = []string{"/find", "/gate", "/summary", "/timeline", "/trends", "/documents", "/image?h=x", "/inbox", "/referral", "/letter", "/emergencies"}
	forms = []string{"/find", "/find/leave", "/gate/ask", "/gate/emergency", "/documents/open", "/inbox/open", "/referral", "/emergencies/open"}
)

// TestAttackNobodySignedIn: no page and no form without a session.
func TestAttackNobodySignedIn(t *testing.T) {
	w := start(t, true)
	b := w.visitor()
	for _, path := range append(pages, "/request", "/roles") {
		if p := b.get(path); p.status != http.StatusUnauthorized || strings.Contains(p.body, "N. U.") {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	for _, path := range append(forms, "/request", "/roles") {
		if p := b.post(path, url.Values{"number": {phn}, "by": {"number"}}); p.status != http.StatusUnauthorized {
			t.Errorf("POST %s: %d", path, p.status)
		}
	}
	if list := w.log(w.record); len(list) != 0 {
		t.Errorf("somebody who is not signed in reached her log: %+v", list)
	}
}

// TestAttackUnknownPerson: a patient, or anybody whom no administrator has linked, sees
// the page on which to ask and nothing else, whatever the address; forms do nothing.
func TestAttackUnknownPerson(t *testing.T) {
	w := start(t, true)
	b := w.visitor()
	if p := b.signIn(stranger); p.to() != "/request" {
		t.Fatalf("led to %s", p.to())
	}
	for _, path := range append(pages, "/roles") {
		p := b.get(path)
		if p.status != http.StatusForbidden || !strings.Contains(p.body, "no administrator has said") || strings.Contains(p.body, "N. U.") || strings.Contains(p.body, `action="/find"`) {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	tokens := w.tokens(b)
	for _, path := range forms {
		form := url.Values{"token": {tokens(path)}, "by": {"number"}, "number": {phn}, "of": {"x"}, "code": {"obstetric"}, "words": {words}, "role": {role}, "do": {"accept"}}
		if p := b.post(path, form); p.status != http.StatusForbidden {
			t.Errorf("POST %s: %d %s", path, p.status, p.to())
		}
	}
	if p := b.submit("/request", "/request", "name", "Dr Arulan Mathiri", "registration", "SLMC 1", "role", role, "person", "Practitioner/doctor"); p.to() != "/request" {
		t.Errorf("asking: %d", p.status)
	}
	if p := b.get("/inbox"); p.status != http.StatusForbidden {
		t.Errorf("who asks is let in: %d", p.status)
	}
	if list := w.log(w.record); len(list) != 0 {
		t.Errorf("a stranger reached her log: %+v", list)
	}
}

// tokens gives what a form of this browser needs, also of a page that it does not see:
// whoever forges one knows at most the secret of his own session.
func (w *world) tokens(b *visitor) func(path string) string {
	w.t.Helper()
	at, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range b.Jar.Cookies(at) {
		if c.Name == "clinician-session" {
			key, err := base64.RawURLEncoding.DecodeString(c.Value)
			if err != nil {
				w.t.Fatal(err)
			}
			return func(path string) string {
				m := hmac.New(sha256.New, key)
				m.Write([]byte("form POST " + path))
				return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
			}
		}
	}
	w.t.Fatal("no session")
	return nil
}

// TestAttackAnotherPortalsSession: the secret of a session of the patient portal opens
// nothing here, and the other way round, though both are in one database.
func TestAttackAnotherPortalsSession(t *testing.T) {
	w := start(t, true)
	var handler http.Handler
	web := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	t.Cleanup(web.Close)
	key, err := esignet.NewKey("RS256", 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicJWK("sig")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.people.RegisterClient(esignetsandbox.ClientRequest{ClientID: "patients", Name: "Patients", RelyingParty: relyingParty,
		PublicKey: jsontext.Value(public), RedirectURIs: []string{web.URL + "/callback"}, ACRs: []string{acrCode}}); err != nil {
		t.Fatal(err)
	}
	p, err := patient.New(patient.Config{
		Portal: portal.Config{URL: web.URL, DB: w.db, RelyingParty: relyingParty, ACRs: []string{acrCode}, Zone: time.UTC, Now: w.clock.Now,
			Log: zerolog.New(zerolog.NewTestWriter(t)), PerMinute: 100_000,
			ESignet: esignet.Config{Issuer: w.issuer, ClientID: "patients", Keys: esignet.SingleKey(key)}},
		Gate: patient.Through(w.gate), Directory: patient.NEHR{Client: w.nehr}, Claims: noClaims{}})
	if err != nil {
		t.Fatal(err)
	}
	handler = p.Handler()
	work := w.atWork()
	hers := w.visitor()
	hers.world = &world{t: t, url: web.URL}
	hers.signIn(doctor) // the same person, as a patient
	swap := func(from *visitor, name string, to *visitor, as string) {
		t.Helper()
		a, _ := url.Parse(from.url)
		b, _ := url.Parse(to.url)
		for _, c := range from.Jar.Cookies(a) {
			if c.Name == name {
				to.Jar.SetCookies(b, []*http.Cookie{{Name: as, Value: c.Value, Path: "/"}})
				return
			}
		}
		t.Fatalf("no cookie %s", name)
	}
	thief, other := w.visitor(), w.visitor()
	other.world = hers.world
	swap(hers, "patient-session", thief, "clinician-session")
	swap(work, "clinician-session", other, "patient-session")
	for _, path := range pages {
		if p := thief.get(path); p.status != http.StatusUnauthorized {
			t.Errorf("a patient's session at %s: %d", path, p.status)
		}
	}
	for _, path := range []string{"/home", "/consents", "/access", "/link"} {
		if p := other.get(path); p.status != http.StatusUnauthorized {
			t.Errorf("a clinician's session at %s of the patients: %d", path, p.status)
		}
	}
	if p := work.get("/inbox"); p.status != http.StatusOK {
		t.Errorf("her own session: %d", p.status)
	}
}

type noClaims struct{}

func (noClaims) Redeem(context.Context, string, string, string) error {
	return errors.New("no such code")
}

// TestAttackForgedForms: every form without its token, with a wrong one, another form's,
// another session's, and from another site.
func TestAttackForgedForms(t *testing.T) {
	w := start(t, true)
	b := w.atWork()
	b.found()
	again := w.visitor()
	again.signIn(doctor)
	mine, others := w.tokens(b), w.tokens(again)
	for _, path := range append(forms, "/request", "/roles", "/sign-out") {
		for name, try := range map[string]func() page{
			"no token":          func() page { return b.post(path, url.Values{"by": {"number"}}) },
			"a wrong token":     func() page { return b.post(path, url.Values{"token": {"wrong"}}) },
			"another form's":    func() page { return b.post(path, url.Values{"token": {mine("/other")}}) },
			"another session's": func() page { return b.post(path, url.Values{"token": {others(path)}}) },
			"another site":      func() page { return b.post(path, url.Values{"token": {mine(path)}}, "Sec-Fetch-Site", "cross-site") },
			"another origin": func() page {
				return b.post(path, url.Values{"token": {mine(path)}}, "Sec-Fetch-Site", "", "Origin", "https://evil.example")
			},
		} {
			if p := try(); p.status != http.StatusForbidden {
				t.Errorf("%s, %s: %d", path, name, p.status)
			}
		}
		if p := b.get(path + "?token=" + mine(path) + "&by=number&number=" + phn); p.status == http.StatusOK && strings.Contains(p.body, "Nilmini") {
			t.Errorf("%s by GET: %d", path, p.status)
		}
	}
}

// TestAttackAnothersPatient: what a page of one patient holds is of no use for another:
// no form, no handle, no picture; nor is an identifier in an address.
func TestAttackAnothersPatient(t *testing.T) {
	w := start(t, false)
	second := w.another()
	w.consent(w.record, access.Documents, access.Vitals)
	w.consent(second, access.Documents)
	b := w.atWork()
	b.found()
	first := b.get("/documents")
	leave := b.form(first, "/find/leave", "")
	open := b.form(first, "/documents/open", "")
	src := attribute(t, first.body, `<img class="picture" src="`)
	if p := b.submit("/find", "/find", "by", "number", "number", "1111BCDFGH2"); p.to() != "/gate" {
		t.Fatalf("the second: %d", p.status)
	}
	contains(t, "the second", b.get("/documents").body, "Ponni Vetrivel", "Document of Ponni")
	for path, form := range map[string]url.Values{"/find/leave": leave, "/documents/open": open} {
		if p := b.post(path, form); p.status != http.StatusConflict || !strings.Contains(p.body, "about another patient") {
			t.Errorf("%s with the first one's form: %d", path, p.status)
		}
	}
	mixed := b.form(b.get("/documents"), "/documents/open", "")
	mixed.Set("document", open.Get("document"))
	if p := b.post("/documents/open", mixed); p.status != http.StatusNotFound {
		t.Errorf("the first one's document: %d", p.status)
	}
	if p := b.get(src); p.status != http.StatusNotFound {
		t.Errorf("the first one's picture: %d", p.status)
	}
	for _, name := range []string{"DocumentReference/doc-scan", "Binary/scan", "scan", ""} {
		mixed.Set("document", name)
		if p := b.post("/documents/open", mixed); p.status != http.StatusNotFound {
			t.Errorf("%q: %d", name, p.status)
		}
		if p := b.get("/image?h=" + url.QueryEscape(name)); p.status != http.StatusNotFound {
			t.Errorf("picture %q: %d", name, p.status)
		}
	}
	// Another session's handle.
	again := w.visitor()
	again.signIn(doctor)
	again.submit("/find", "/find", "by", "number", "number", "1111BCDFGH2")
	theirs := b.form(b.get("/documents"), "/documents/open", "")
	form := again.form(again.get("/documents"), "/documents/open", "")
	form.Set("document", theirs.Get("document"))
	if p := again.post("/documents/open", form); p.status != http.StatusNotFound {
		t.Errorf("another session's document: %d", p.status)
	}
	form.Set("of", theirs.Get("of"))
	if p := again.post("/documents/open", form); p.status != http.StatusConflict {
		t.Errorf("another session's patient: %d", p.status)
	}
	for _, query := range []string{"?patient=" + w.record, "?record=" + w.record, "?_id=" + w.record, "?number=" + phn, "?subject:Patient._id=x&_include=*", "?of=" + url.QueryEscape(leave.Get("of"))} {
		for _, path := range pages {
			if strings.HasPrefix(path, "/image") {
				continue
			}
			if p := b.get(path + query); strings.Contains(p.body, "Nilmini") || strings.Contains(p.body, "N. U.") {
				t.Errorf("%s%s shows the first", path, query)
			}
		}
	}
	for _, path := range []string{"/patients/second", "/" + w.record, "/summary/" + w.record, "/fhir/" + w.record, "/documents/doc-scan", "/../" + w.record} {
		if p := b.get(path); p.status != http.StatusNotFound && p.status != http.StatusTemporaryRedirect && p.status != http.StatusMovedPermanently {
			t.Errorf("%s: %d", path, p.status)
		}
	}
}

// TestD093_NobodyIsListed: one certain match or none, whatever is tried; what is shown of
// her before the gate has nothing of her record but initials, a year and her sex.
func TestD093_NobodyIsListed(t *testing.T) {
	w := start(t, false)
	w.another()
	w.put(`{"resourceType":"Patient","id":"twin-a","name":[{"text":"Twin Mathiri"}],"birthDate":"1991-05-05","telecom":[{"system":"phone","value":"0772222222"}]}`)
	w.put(`{"resourceType":"Patient","id":"twin-b","name":[{"text":"Twin Udaharana"}],"birthDate":"1991-05-05","telecom":[{"system":"phone","value":"+94772222222"}]}`)
	w.put(`{"resourceType":"Patient","id":"old","active":false,"name":[{"text":"Gone Away"}],"birthDate":"1980-01-01","telecom":[{"system":"phone","value":"+94773333333"}]}`)
	w.put(`{"resourceType":"Patient","id":"merged","link":[{"type":"replaced-by","other":{"reference":"Patient/second"}}],"name":[{"text":"Merged Away"}],"birthDate":"1980-01-01","telecom":[{"system":"phone","value":"+94774444444"}]}`)
	b := w.atWork()
	by := func(name, birth, phone string) page {
		return b.submit("/find", "/find", "by", "name", "name", name, "birth", birth, "phone", phone)
	}
	if p := by("ponni", "1990-01-02", "077 111-1111"); p.to() != "/gate" {
		t.Fatalf("all three: %d %s", p.status, p.body)
	}
	contains(t, "the gate", b.get("/gate").body, "P. V., 1990")
	b.submit("/gate", "/find/leave")
	for name, p := range map[string]page{
		"name alone":          by("Ponni", "", ""),
		"no telephone":        by("Ponni", "1990-01-02", ""),
		"no birth":            by("Ponni", "", "0771111111"),
		"no name":             by("", "1990-01-02", "0771111111"),
		"no letters":          by("* % _", "1990-01-02", "0771111111"),
		"one letter":          by("P", "1990-01-02", "0771111111"),
		"beginning of a name": by("Pon", "1990-01-02", "0771111111"),
		"another name":        by("Nilmini", "1990-01-02", "0771111111"),
		"a name more":         by("Ponni Nilmini", "1990-01-02", "0771111111"),
		"another birth":       by("Ponni", "1990-01-03", "0771111111"),
		"a year":              by("Ponni", "1990", "0771111111"),
		"another telephone":   by("Ponni", "1990-01-02", "0771111112"),
		"two telephones":      by("Ponni", "1990-01-02", "0771111111,0772222222"),
		"two people":          by("Twin", "1991-05-05", "0772222222"),
		"out of use":          by("Gone", "1980-01-01", "0773333333"),
		"gone into another":   by("Merged", "1980-01-01", "0774444444"),
		"no such number":      b.submit("/find", "/find", "by", "number", "number", "9999999999"),
		"a wildcard":          b.submit("/find", "/find", "by", "number", "number", "9999*"),
		"two numbers":         b.submit("/find", "/find", "by", "number", "number", phn+",1111BCDFGH2"),
		"no number":           b.submit("/find", "/find", "by", "number", "number", ""),
	} {
		if p.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, p.status, p.to())
		}
		lacks(t, name, p.body, "Vetrivel", "P. V.", "T. M.", "T. U.", "N. U.", w.record)
	}
	// The telephone alone tells two apart who share a day of birth only by name.
	if p := by("Twin Mathiri", "1991-05-05", "0772222222"); p.to() != "/gate" {
		t.Errorf("one of two: %d", p.status)
	}
	b.submit("/gate", "/find/leave", "why", "not-mine")
	if p := b.get("/gate"); p.to() != "/find" {
		t.Errorf("after leaving: %d %s", p.status, p.to())
	}
	// Compare whole pages: whatever of her record stands on one and not on that of
	// another patient has leaked.
	b.submit("/find", "/find", "by", "number", "number", "1111BCDFGH2")
	other := map[string]string{}
	for _, path := range []string{"/gate", "/find", "/inbox", "/emergencies"} {
		other[path] = html.UnescapeString(b.get(path).body)
	}
	b.found()
	values := w.values(w.record)
	if len(values) < 100 {
		t.Fatalf("the record has %d values", len(values))
	}
	for path, without := range other {
		shown := html.UnescapeString(b.get(path).body)
		for _, value := range values {
			if strings.Contains(shown, value) && !strings.Contains(without, value) {
				t.Errorf("%s shows %q of her record", path, value)
			}
		}
	}
	found, left := 0, 0
	for _, e := range w.log(w.record) {
		if e.Action == access.ActionFind && e.Permitted && e.Reason == access.ReasonMasked {
			found++
		}
	}
	for _, e := range w.log("Patient/twin-a") {
		if e.Reason == access.ReasonNotMine {
			left++
		}
	}
	if found != 1 || left != 1 {
		t.Errorf("her log has %d look-ups, the other's %d partings", found, left)
	}
}

// values are all texts of two letters and more, and all numbers of three figures and
// more, of a patient's record.
func (w *world) values(record string) []string {
	w.t.Helper()
	v, err := w.gate.Open(w.t.Context(), w.she(record), record, access.PatientRequest)
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := v.Record(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, res := range r.Resources {
		switch res.Get("resourceType").Str() {
		case "Organization", "Location", "Practitioner", "PractitionerRole":
			continue
		}
		res.Strings(func(_, text string) string {
			seen[text] = true
			for _, word := range regexp.MustCompile(`[\p{L}\p{M}]{4,}|\d{5,}`).FindAllString(text, -1) {
				seen[word] = true
			}
			return text
		})
	}
	var list []string
	for value := range seen {
		if len(value) > 3 && value != "1996" {
			list = append(list, value)
		}
	}
	return list
}

// TestAttackManyLookups: looking people up has a bound for each clinician.
func TestAttackManyLookups(t *testing.T) {
	w := startWith(t, false, 20)
	b := w.atWork()
	refused := 0
	for range 12 {
		if p := b.submit("/find", "/find", "by", "number", "number", "9999999999"); p.status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 6 {
		t.Errorf("of 12 at once %d are refused", refused)
	}
}

// TestAttackBreakGlass: without a code, with one that is none, without words, with few,
// with nothing but space, with a stale sign-in, without the form's patient.
func TestAttackBreakGlass(t *testing.T) {
	w := start(t, false)
	b := w.atWork()
	b.found()
	for name, fields := range map[string][]string{
		"nothing":        {},
		"no code":        {"words", words},
		"another code":   {"code", "curious", "words", words},
		"no words":       {"code", "obstetric"},
		"few words":      {"code", "obstetric", "words", "Bleeding heavily"},
		"only space":     {"code", "obstetric", "words", strings.Repeat(" ", 40)},
		"spread words":   {"code", "obstetric", "words", "a" + strings.Repeat(" ", 40) + "b"},
		"hidden letters": {"code", "obstetric", "words", strings.Repeat("\u200b", 40)},
	} {
		if p := b.submit("/gate", "/gate/emergency", fields...); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, "at least 20 characters") {
			t.Errorf("%s: %d", name, p.status)
		}
	}
	if p := b.submit("/gate", "/gate/emergency", "code", "obstetric", "words", words, "of", "x"); p.status != http.StatusConflict {
		t.Errorf("without her handle: %d", p.status)
	}
	w.clock.forward(5 * time.Minute)
	if p := b.submit("/gate", "/gate/emergency", "code", "obstetric", "words", words); p.status != http.StatusUnprocessableEntity {
		t.Errorf("a stale sign-in: %d", p.status)
	}
	// Somebody else who signs in again in this browser gets nothing of it.
	w.link(stranger, otherRole)
	if p := b.signIn(stranger); p.to() != "/inbox" {
		t.Errorf("somebody else is led to %s", p.to())
	}
	if p := b.get("/gate"); p.to() != "/find" || strings.Contains(p.body, words) {
		t.Errorf("somebody else is at the gate: %d %s", p.status, p.to())
	}
	if list, err := w.gate.BreakGlasses(t.Context(), w.she(w.record)); err != nil || len(list) != 0 {
		t.Errorf("the glass is broken: %v %v", list, err)
	}
	if p := b.get("/summary"); p.to() != "/find" {
		t.Errorf("the record: %d", p.status)
	}
}

// TestAttackLogDown: where the log takes no entry nothing is shown, found, asked or
// written.
func TestAttackLogDown(t *testing.T) {
	w := start(t, true)
	w.consent(w.record)
	b := w.atWork()
	b.submit("/inbox", "/inbox/open")
	referral, documents := b.get("/referral"), b.get("/documents")
	src := attribute(t, documents.body, `<img class="picture" src="`)
	find := b.form(b.get("/find"), "/find", "")
	if err := w.db.Write(t.Context(), func(tx database.Tx) error {
		_, err := tx.Exec("ALTER TABLE access_log RENAME TO access_log_away")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/summary", "/timeline", "/trends", "/documents", "/referral", "/inbox", "/gate", src} {
		if p := b.get(path); p.status != http.StatusServiceUnavailable || strings.Contains(p.body, "Nilmini") || strings.Contains(p.body, "N. U.") {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	find.Set("number", phn)
	find.Set("by", "number")
	if p := b.post("/find", find); p.status != http.StatusServiceUnavailable {
		t.Errorf("finding: %d", p.status)
	}
	if p := b.submitTo(referral, "/referral", "accept", "do", "accept"); p.status != http.StatusServiceUnavailable {
		t.Errorf("accepting: %d", p.status)
	}
	if p := b.submitTo(documents, "/documents/open", ""); p.status != http.StatusServiceUnavailable || strings.Contains(p.body, "PDF-1.4") {
		t.Errorf("a document: %d", p.status)
	}
	if got := w.read("Task", task).Get("status").Str(); got != "requested" {
		t.Errorf("the Task is %s", got)
	}
}

// TestAttackReferrals: another facility's referral, states that do not follow, a Task
// that was given to somebody else meanwhile, one that somebody else has changed, and a
// declined one whose request still stands.
func TestAttackReferrals(t *testing.T) {
	w := start(t, true)
	w.link(doctor, otherRole)
	there := w.visitor()
	there.signIn(doctor)
	choice := there.get("/roles")
	hospital := regexp.MustCompile(`name="role" value="([^"]+)"[^>]*> <span dir="auto">Arulan Mathiri, Another Hospital`).FindStringSubmatch(choice.body)
	if hospital == nil {
		t.Fatalf("no choice of the other hospital: %s", choice.body)
	}
	there.submitTo(choice, "/roles", "", "role", hospital[1])
	lacks(t, "the other hospital's inbox", there.get("/inbox").body, "N. U.")

	if err := w.roles.Unlink(t.Context(), w.hash(doctor), otherRole); err != nil {
		t.Fatal(err)
	}
	b := w.atWork()
	open := b.form(b.get("/inbox"), "/inbox/open", "")
	forged := url.Values{"token": open["token"], "referral": {"Task/" + task}}
	if p := b.post("/inbox/open", forged); p.status != http.StatusNotFound {
		t.Errorf("a Task by its id: %d", p.status)
	}
	b.post("/inbox/open", open)
	form := b.form(b.get("/referral"), "/referral", "accept")
	for _, do := range []string{"complete", "schedule", "", "accepted", "delete"} {
		form.Set("do", do)
		if p := b.post("/referral", form); p.status != http.StatusConflict {
			t.Errorf("%q before it is accepted: %d", do, p.status)
		}
	}
	form.Set("do", "decline")
	form.Set("why", "   ")
	if p := b.post("/referral", form); p.status != http.StatusUnprocessableEntity {
		t.Errorf("declined without a reason: %d", p.status)
	}
	form.Set("of", "x")
	if p := b.post("/referral", form); p.status != http.StatusConflict {
		t.Errorf("without her handle: %d", p.status)
	}
	form.Set("of", b.form(b.get("/referral"), "/referral", "accept").Get("of"))

	// It is given to the other hospital meanwhile; her consent alone does not let write.
	consent := w.consent(w.record)
	given := w.read("Task", task)
	given.Set("owner", fhirjson.Fields(fhirjson.F("reference", fhirjson.Text("Organization/other"))))
	w.put(string(given.Encode()))
	form.Set("do", "accept")
	if p := b.post("/referral", form); p.to() != "/inbox" {
		t.Errorf("another's referral: %d %s", p.status, p.to())
	}
	if got := w.read("Task", task).Get("status").Str(); got != "requested" {
		t.Errorf("another's referral is %s", got)
	}
	given.Set("owner", fhirjson.Fields(fhirjson.F("reference", fhirjson.Text("Organization/hospital"))))
	w.put(string(given.Encode()))
	if err := w.gate.Revoke(t.Context(), w.she(w.record), consent); err != nil {
		t.Fatal(err)
	}
	// Declined: the request names the hospital still, and nothing is open any more.
	request := w.read("ServiceRequest", "ced9969e-e2f8-5f82-86fe-eac7ea1cf240")
	request.Set("performer", fhirjson.List(fhirjson.Fields(fhirjson.F("reference", fhirjson.Text("Organization/hospital")))))
	w.put(string(request.Encode()))
	form.Set("do", "decline")
	form.Set("why", "No bed; please send her to the Another Hospital")
	if p := b.post("/referral", form); p.to() != "/inbox" {
		t.Fatalf("declining: %d %s", p.status, p.body)
	}
	if got := w.read("Task", task); got.Get("status").Str() != "rejected" || got.Get("statusReason", "text").Str() != "No bed; please send her to the Another Hospital" {
		t.Errorf("declined: %s", got.Encode())
	}
	for _, path := range []string{"/referral", "/summary"} {
		if p := b.get(path); p.to() != "/gate" {
			t.Errorf("%s after it was declined: %d %s", path, p.status, p.to())
		}
	}
	if p := b.post("/inbox/open", open); p.to() != "/referral" {
		t.Errorf("a declined one is opened: %d", p.status)
	}
	if p := b.get("/referral"); p.to() != "/gate" {
		t.Errorf("a declined one shows: %d %s", p.status, p.to())
	}
}

// TestAttackExpired: a consent that has ended, and a page that was open before.
func TestAttackExpired(t *testing.T) {
	w := start(t, false)
	id, err := w.gate.Standing(t.Context(), w.she(w.record), access.Party{Role: role}, access.Scope{Until: w.clock.Now().Add(10 * time.Minute)})
	if err != nil || id == "" {
		t.Fatal(err)
	}
	b := w.atWork()
	b.found()
	documents := b.get("/documents")
	src := attribute(t, documents.body, `<img class="picture" src="`)
	w.clock.forward(11 * time.Minute)
	for _, path := range []string{"/summary", "/documents", "/timeline", "/trends"} {
		if p := b.get(path); p.to() != "/gate" {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	if p := b.get(src); p.status != http.StatusForbidden {
		t.Errorf("a picture: %d", p.status)
	}
	if p := b.submitTo(documents, "/documents/open", ""); p.status != http.StatusForbidden {
		t.Errorf("a document: %d", p.status)
	}
}

// TestAttackScripts: script in every text of the record and of a form is text, on pages
// that forbid script anyway.
func TestAttackScripts(t *testing.T) {
	w := start(t, true)
	const script = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`
	for _, typ := range []string{"Patient", "ServiceRequest", "Encounter", "Condition", "Observation", "DocumentReference"} {
		found, err := w.nehr.Search(t.Context(), typ, url.Values{"_count": {"200"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found.Resources {
			hostile := r.Clone()
			hostile.Strings(func(field, text string) string {
				switch field {
				case "text", "display", "description", "unit", "valueString":
					return script
				}
				return text
			})
			w.put(string(hostile.Encode()))
		}
	}
	w.put(`{"resourceType":"Organization","id":"hospital","name":"Example ` + `<script>alert(2)</script>` + `"}`)
	w.consent(w.record)
	b := w.atWork()
	b.submit("/inbox", "/inbox/open")
	b.submitTo(b.get("/referral"), "/referral", "accept", "do", "accept")
	shown := []page{b.get("/inbox"), b.get("/referral"), b.get("/summary"), b.get("/timeline"), b.get("/trends"), b.get("/documents"), b.get("/find"),
		b.submit("/find", "/find", "by", "number", "number", `"><script>`), b.submitTo(b.get("/referral"), "/referral", "why", "do", "schedule", "when", script)}
	shown = append(shown, b.submitTo(b.get("/referral"), "/referral", "findings", "do", "complete", "findings", script, "advice", script))
	for i, p := range shown {
		if strings.Contains(p.body, "<script") || strings.Contains(p.body, "<img src=x") {
			t.Errorf("page %d has a script", i)
		}
		if !strings.Contains(p.header.Get("Content-Security-Policy"), "default-src 'none'") || p.header.Get("X-Frame-Options") != "DENY" || p.header.Get("Cache-Control") != "no-store" {
			t.Errorf("page %d is not protected: %v", i, p.header)
		}
	}
}

// TestAttackTheNEHRIsDown: nobody sees a copy; nothing is written.
func TestAttackTheNEHRIsDown(t *testing.T) {
	w := start(t, true)
	w.consent(w.record)
	b := w.atWork()
	b.submit("/inbox", "/inbox/open")
	b.get("/summary")
	w.down.set(true)
	for _, path := range []string{"/summary", "/timeline", "/trends", "/documents", "/referral", "/inbox", "/gate"} {
		if p := b.get(path); p.status != http.StatusServiceUnavailable || strings.Contains(p.body, "Nilmini") {
			t.Errorf("%s: %d", path, p.status)
		}
	}
}
