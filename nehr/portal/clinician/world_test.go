package clinician_test

import (
	"encoding/base64"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/esignet"
	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/clinician"
	"github.com/nehrbridge/nehrbridge/nehr/portal/patient"
	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
)

const (
	relyingParty = "test-health"
	acrCode      = "mosip:idp:acr:generated-code"
	// doctor and stranger are people of the eSignet sandbox.
	doctor, stranger = "9900000001", "9900000002"
	phn              = "9999MPQRTV9" // of the golden case
	role             = "PractitionerRole/role-hospital"
	otherRole        = "PractitionerRole/role-other"
	task             = "d93c2bda-bcac-5826-986e-a1b7a7a5d840" // of the golden case
	words            = "Bleeding heavily and could not speak"
)

// world is the portal with both sandboxes and the gate around it, at the time of the
// golden case, whose mother was referred to the hospital where the doctor works.
type world struct {
	t      testing.TB
	url    string
	clock  *clock
	db     *database.DB
	nehr   *client.Client
	gate   *access.Gate
	roles  *clinician.Roles
	people *esignetsandbox.Server
	record string // Patient/… of the golden case
	issuer string
	down   *down
}

// clock goes on as time does, and can be put forward.
type clock struct {
	mu          sync.Mutex
	start, from time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.start.Add(time.Since(c.from))
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.start = c.start.Add(d)
}

// down refuses requests to the record when it is on.
type down struct {
	http.RoundTripper
	mu sync.Mutex
	on bool
}

func (d *down) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	on := d.on
	d.mu.Unlock()
	if on {
		return nil, io.ErrUnexpectedEOF
	}
	return d.RoundTripper.RoundTrip(r)
}

func (d *down) set(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.on = on
}

var assertionKey = sync.OnceValues(func() (*esignet.Key, error) { return esignet.NewKey("RS256", 2048) })

// start makes a world in which the doctor may act as role. The mother is referred to the
// hospital, unless referred is false.
func start(t testing.TB, referred bool) *world {
	t.Helper()
	return startWith(t, referred, 10_000)
}

// startWith is start with a bound of look-ups in a minute.
func startWith(t testing.TB, referred bool, lookups int) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{start: time.Date(2025, 9, 1, 9, 0, 0, 0, time.UTC), from: time.Now()}, down: &down{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	w.people, err = esignetsandbox.New(esignetsandbox.Config{Now: w.clock.Now, PublishUserinfoKey: true})
	must(err)
	esignetWeb := httptest.NewServer(w.people.Handler())
	t.Cleanup(esignetWeb.Close)
	w.issuer = esignetWeb.URL
	fhir, err := nehrsandbox.New(nehrsandbox.Config{PageSize: 200})
	must(err)
	t.Cleanup(func() { _ = fhir.Close() })
	fhirWeb := httptest.NewServer(fhir.Handler())
	t.Cleanup(fhirWeb.Close)
	w.nehr, err = client.New(client.Config{BaseURL: fhirWeb.URL + "/fhir", Wrap: func(inner http.RoundTripper) http.RoundTripper {
		w.down.RoundTripper = inner
		return w.down
	}})
	must(err)
	w.fill(referred)
	w.db, err = database.Open(t.Context(), database.Config{URL: filepath.Join(t.TempDir(), "portal.db"),
		Migrations: []database.Migrations{portal.Migrations, clinician.Migrations, patient.Migrations, access.Migrations()}})
	must(err)
	t.Cleanup(func() { _ = w.db.Close() })
	zone, err := time.LoadLocation("Asia/Colombo")
	must(err)
	w.gate, err = access.New(access.Config{DB: w.db, NEHR: w.nehr, Now: w.clock.Now, Zone: zone})
	must(err)
	w.roles = clinician.NewRoles(w.db, w.clock.Now, nil)

	var handler http.Handler
	web := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	t.Cleanup(web.Close)
	w.url = web.URL
	key, err := assertionKey()
	must(err)
	public, err := key.PublicJWK("sig")
	must(err)
	must(w.people.RegisterClient(esignetsandbox.ClientRequest{ClientID: "portal", Name: "Portal", RelyingParty: relyingParty,
		PublicKey: jsontext.Value(public), RedirectURIs: []string{w.url + "/callback"}, ACRs: []string{acrCode}}))
	p, err := clinician.New(clinician.Config{
		Portal: portal.Config{URL: w.url, DB: w.db, RelyingParty: relyingParty, ACRs: []string{acrCode}, Zone: zone, Now: w.clock.Now,
			Log: zerolog.New(zerolog.NewTestWriter(t)), PerMinute: 100_000, HelpPhone: "0110000000",
			ESignet: esignet.Config{Issuer: w.issuer, ClientID: "portal", Keys: esignet.SingleKey(key)}},
		Gate: clinician.Through(w.gate), Directory: clinician.NEHR{Client: w.nehr, Zone: zone}, Writer: w.nehr, Roles: w.roles,
		PatientURL: "https://portal.example/patient", LookupsPerMinute: lookups})
	must(err)
	handler = p.Handler()
	return w
}

// link lets a person of the sandbox act as a role.
func (w *world) link(person, role string) {
	w.t.Helper()
	if err := w.roles.Link(w.t.Context(), w.hash(person), role, w.clock.Now().Add(300*24*time.Hour)); err != nil {
		w.t.Fatal(err)
	}
}

// hash is that of a person of the sandbox, as links have it.
func (w *world) hash(person string) string {
	return clinician.SubjectHash(&portal.Session{Issuer: w.issuer, RelyingParty: relyingParty, Subject: esignetsandbox.Subject(person, relyingParty)})
}

// put writes a resource as it stands.
func (w *world) put(resource string) {
	w.t.Helper()
	r, err := fhirjson.Parse([]byte(resource))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.nehr.Update(w.t.Context(), r.Get("resourceType").Str(), r.Get("id").Str(), r.Encode(), ""); err != nil {
		w.t.Fatal(err)
	}
}

var picture = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82")

// fill writes the hospital, its people, and the bundle that the mapper made of the
// golden case.
func (w *world) fill(referred bool) {
	w.t.Helper()
	for _, r := range []string{
		`{"resourceType":"Organization","id":"hospital","name":"Example Hospital"}`,
		`{"resourceType":"Organization","id":"other","name":"Another Hospital"}`,
		`{"resourceType":"Practitioner","id":"doctor","name":[{"text":"Arulan Mathiri"}]}`,
		`{"resourceType":"PractitionerRole","id":"role-hospital","active":true,"period":{"start":"2020-01-01"},"practitioner":{"reference":"Practitioner/doctor"},"organization":{"reference":"Organization/hospital"}}`,
		`{"resourceType":"PractitionerRole","id":"role-other","active":true,"practitioner":{"reference":"Practitioner/doctor"},"organization":{"reference":"Organization/other"}}`,
	} {
		w.put(r)
	}
	raw, err := os.ReadFile("../../../golden/lk-whole-journey/want.json")
	if err != nil {
		w.t.Fatal(err)
	}
	bundle, err := fhirjson.Parse(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range bundle.Get("entry").Items() {
		if r := e.Get("resource"); referred && r.Get("resourceType").Str() == "Task" {
			r.Set("owner", fhirjson.Fields(fhirjson.F("reference", fhirjson.Text("Organization/hospital"))))
		}
	}
	if _, err := w.nehr.Transaction(w.t.Context(), bundle.Encode()); err != nil {
		w.t.Fatal(err)
	}
	ids, err := patient.NEHR{Client: w.nehr}.Find(w.t.Context(), "http://fhir.health.gov.lk/ips/identifier/phn", phn)
	if err != nil || len(ids) != 1 {
		w.t.Fatalf("the patient of the golden case: %v %v", ids, err)
	}
	w.record = ids[0]
	w.put(`{"resourceType":"Binary","id":"scan","contentType":"application/pdf","data":"` + base64.StdEncoding.EncodeToString([]byte("%PDF-1.4 a letter")) + `"}`)
	w.put(`{"resourceType":"Binary","id":"photo","contentType":"image/png","data":"` + base64.StdEncoding.EncodeToString(picture) + `"}`)
	w.put(`{"resourceType":"Binary","id":"page","contentType":"text/html","data":"` + base64.StdEncoding.EncodeToString([]byte("<script>alert(1)</script>")) + `"}`)
	for id, kind := range map[string]string{"scan": "application/pdf", "photo": "image/png", "page": "text/html"} {
		w.put(`{"resourceType":"DocumentReference","id":"doc-` + id + `","status":"current","description":"Document ` + id + `","date":"2025-08-26T10:00:00+05:30","subject":{"reference":"` + w.record + `"},
			"content":[{"attachment":{"contentType":"` + kind + `","url":"Binary/` + id + `"}}]}`)
	}
}

// another makes a second patient who has a number and a document.
func (w *world) another() string {
	w.t.Helper()
	w.put(`{"resourceType":"Patient","id":"second","identifier":[{"system":"http://fhir.health.gov.lk/ips/identifier/phn","value":"1111BCDFGH2"}],"name":[{"text":"Ponni Vetrivel"}],"gender":"female","birthDate":"1990-01-02","telecom":[{"system":"phone","value":"+94771111111"}]}`)
	w.put(`{"resourceType":"Binary","id":"theirs","contentType":"application/pdf","data":"` + base64.StdEncoding.EncodeToString([]byte("%PDF-1.4 another's")) + `"}`)
	w.put(`{"resourceType":"DocumentReference","id":"doc-theirs","status":"current","description":"Document of Ponni","subject":{"reference":"Patient/second"},"content":[{"attachment":{"contentType":"application/pdf","url":"Binary/theirs"}}]}`)
	return "Patient/second"
}

// consent is hers to the role of the doctor, for some classes.
func (w *world) consent(patient string, classes ...access.Class) (id string) {
	w.t.Helper()
	id, err := w.gate.Standing(w.t.Context(), w.she(patient), access.Party{Role: role}, access.Scope{Types: classes, Until: w.clock.Now().Add(20 * 24 * time.Hour)})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// she is a patient, as the gate knows her.
func (w *world) she(patient string) access.Actor {
	return access.Actor{Kind: access.KindPatient, Issuer: w.issuer, Subject: "hers", Person: patient, Session: "hers", SignedIn: w.clock.Now()}
}

// log is what stands in the log of a patient's record, newest first.
func (w *world) log(patient string) []access.Entry {
	w.t.Helper()
	list, err := w.gate.Log(w.t.Context(), w.she(patient), access.Filter{Limit: -1})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// visitor is a browser with cookies.
type visitor struct {
	*world
	*http.Client
}

func (w *world) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &visitor{w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// atWork is the doctor, signed in and linked.
func (w *world) atWork() *visitor {
	w.t.Helper()
	w.link(doctor, role)
	b := w.visitor()
	if p := b.signIn(doctor); p.header.Get("Location") != "/inbox" {
		w.t.Fatalf("the doctor is led to %s: %d %s", p.header.Get("Location"), p.status, p.body)
	}
	return b
}

// page is an answer.
type page struct {
	status int
	body   string
	header http.Header
}

func (p page) to() string { return p.header.Get("Location") }

func (b *visitor) do(r *http.Request) page {
	b.t.Helper()
	res, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{res.StatusCode, string(body), res.Header}
}

func (b *visitor) get(path string) page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

// post sends a form as the page itself would.
func (b *visitor) post(path string, form url.Values, head ...string) page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	return b.do(r)
}

var (
	formForm   = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)"[^>]*>(.*?)</form>`)
	hiddenForm = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
)

// form reads the hidden fields of the first form of a page with an action that contains
// a text.
func (b *visitor) form(p page, action, with string) url.Values {
	b.t.Helper()
	for _, m := range formForm.FindAllStringSubmatch(p.body, -1) {
		if m[1] != action || !strings.Contains(m[2], with) {
			continue
		}
		fields := url.Values{}
		for _, h := range hiddenForm.FindAllStringSubmatch(m[2], -1) {
			fields.Add(h[1], html.UnescapeString(h[2]))
		}
		return fields
	}
	b.t.Fatalf("no form for %s: %d %s", action, p.status, p.body)
	return nil
}

// submit fills in a form of a page and sends it.
func (b *visitor) submit(at, action string, fields ...string) page {
	b.t.Helper()
	return b.submitTo(b.get(at), action, "", fields...)
}

func (b *visitor) submitTo(p page, action, with string, fields ...string) page {
	b.t.Helper()
	form := b.form(p, action, with)
	for i := 0; i+1 < len(fields); i += 2 {
		if i > 1 && fields[i] == fields[i-2] {
			form.Add(fields[i], fields[i+1])
		} else {
			form.Set(fields[i], fields[i+1])
		}
	}
	return b.post(action, form)
}

// found finds the mother by her number.
func (b *visitor) found() page {
	b.t.Helper()
	return b.submit("/find", "/find", "by", "number", "number", phn)
}

// signIn goes through eSignet and gives the answer to what it sends back.
func (b *visitor) signIn(person string) page {
	b.t.Helper()
	res := b.get("/sign-in")
	if res.status != http.StatusSeeOther {
		b.t.Fatalf("sign-in: %d %s", res.status, res.body)
	}
	back, err := esignetsandbox.Person{ID: person}.SignIn(b.t.Context(), res.to())
	if err != nil {
		b.t.Fatal(err)
	}
	return b.get(back.RequestURI())
}

// contains tells what of a list a page does not say.
func contains(t *testing.T, where, body string, want ...string) {
	t.Helper()
	body = html.UnescapeString(body)
	for _, s := range want {
		if !strings.Contains(body, s) {
			t.Errorf("%s does not say %q", where, s)
		}
	}
}

// lacks tells what of a list a page says though it must not.
func lacks(t *testing.T, where, body string, no ...string) {
	t.Helper()
	body = html.UnescapeString(body)
	for _, s := range no {
		if strings.Contains(body, s) {
			t.Errorf("%s says %q", where, s)
		}
	}
}

// read gives a resource as it stands.
func (w *world) read(typ, id string) *fhirjson.Value {
	w.t.Helper()
	a, err := w.nehr.Read(w.t.Context(), typ, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return a.Resource
}

// attribute cuts the value of an attribute out of a page.
func attribute(t *testing.T, body, before string) string {
	t.Helper()
	_, after, ok := strings.Cut(body, before)
	value, _, end := strings.Cut(after, `"`)
	if !ok || !end {
		t.Fatalf("the page has no %s", before)
	}
	return html.UnescapeString(value)
}
