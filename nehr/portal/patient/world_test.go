package patient_test

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/patient"
	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/summary"
)

const (
	relyingParty = "test-health"
	acrCode      = "mosip:idp:acr:generated-code"
	acrPIN       = "mosip:idp:acr:static-code"
	// her and other are people of the eSignet sandbox.
	her, other = "9900000001", "9900000002"
	phn        = "9999MPQRTV9" // of the golden case
)

// world is the portal with both sandboxes around it, at the time of the golden case.
type world struct {
	t        testing.TB
	url      string // of the portal
	clock    *clock
	db       *database.DB
	nehr     *client.Client
	gate     *gate
	codes    *registry.ClaimCodes
	links    *summary.Links
	noLinks  bool       // the portal makes none
	logged   *logBuffer // what the portal logs
	people   *esignetsandbox.Server
	record   string // Patient/… of the golden case
	issuer   string
	handler  http.Handler
	requests atomic.Int64 // to the record
}

type counting struct {
	http.RoundTripper
	n *atomic.Int64
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return c.RoundTripper.RoundTrip(r)
}

// clock goes on as time does, and can be put forward.
type clock struct {
	mu    sync.Mutex
	start time.Time
	from  time.Time
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

var assertionKey = sync.OnceValues(func() (*esignet.Key, error) { return esignet.NewKey("RS256", 2048) })

// start makes a world whose record is that of the golden case, changed first if change
// is not nil.
func start(t testing.TB, change func(entry *fhirjson.Value)) *world {
	t.Helper()
	return startAt(t, change, nil)
}

// startAt is start with another gate than the test's.
func startAt(t testing.TB, change func(entry *fhirjson.Value), at func(*world) patient.Gate) *world {
	t.Helper()
	return startOn(t, func(w *world) { w.sandbox(change) }, at)
}

// startOn is startAt with another record than the sandbox's.
func startOn(t testing.TB, record func(*world), at func(*world) patient.Gate) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{start: time.Date(2025, 9, 1, 9, 0, 0, 0, time.UTC), from: time.Now()}}
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
	record(w)
	w.db, err = database.Open(t.Context(), database.Config{URL: filepath.Join(t.TempDir(), "portal.db"),
		Migrations: []database.Migrations{portal.Migrations, patient.Migrations, registry.Migrations(), access.Migrations(), summary.Migrations()}})
	must(err)
	t.Cleanup(func() { _ = w.db.Close() })
	w.codes, err = registry.NewClaimCodes(registry.ClaimConfig{DB: w.db, Now: w.clock.Now})
	must(err)
	w.gate = &gate{nehr: w.nehr}
	var stands patient.Gate = w.gate
	if at != nil {
		stands = at(w)
	}

	w.logged = &logBuffer{}
	var handler http.Handler
	web := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	t.Cleanup(web.Close)
	w.url = web.URL
	w.links, err = summary.NewLinks(summary.LinksConfig{DB: w.db, URL: w.url + "/shl", Now: w.clock.Now})
	must(err)
	key, err := assertionKey()
	must(err)
	public, err := key.PublicJWK("sig")
	must(err)
	must(w.people.RegisterClient(esignetsandbox.ClientRequest{ClientID: "portal", Name: "Portal", RelyingParty: relyingParty,
		PublicKey: jsontext.Value(public), RedirectURIs: []string{w.url + "/callback"}, ACRs: []string{acrCode, acrPIN}}))
	zone, err := time.LoadLocation("Asia/Colombo")
	must(err)
	config := patient.Config{
		Portal: portal.Config{URL: w.url, DB: w.db, RelyingParty: relyingParty, ACRs: []string{acrCode}, Zone: zone, Now: w.clock.Now,
			Log: zerolog.New(io.MultiWriter(zerolog.NewTestWriter(t), w.logged)), PerMinute: 100_000, HelpPhone: "0110000000",
			ESignet: esignet.Config{Issuer: w.issuer, ClientID: "portal", Keys: esignet.SingleKey(key)}},
		Gate: stands, Directory: patient.NEHR{Client: w.nehr}, Claims: w.codes, TooMany: registry.ErrClaimTries}
	if !w.noLinks {
		config.Links = w.links
	}
	p, err := patient.New(config)
	must(err)
	mux := http.NewServeMux()
	mux.Handle("/", p.Handler())
	mux.Handle("/shl/", w.links.Handler())
	handler = mux
	w.handler = handler
	return w
}

// sandbox is the record of most tests.
func (w *world) sandbox(change func(entry *fhirjson.Value)) {
	w.t.Helper()
	fhir, err := nehrsandbox.New(nehrsandbox.Config{PageSize: 200})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = fhir.Close() })
	fhirWeb := httptest.NewServer(fhir.Handler())
	w.t.Cleanup(fhirWeb.Close)
	w.connect(fhirWeb.URL + "/fhir")
	w.write(change)
}

// connect makes the client of the record, which counts requests.
func (w *world) connect(base string) {
	w.t.Helper()
	var err error
	w.nehr, err = client.New(client.Config{BaseURL: base, Wrap: func(inner http.RoundTripper) http.RoundTripper {
		return counting{inner, &w.requests}
	}})
	if err != nil {
		w.t.Fatal(err)
	}
}

// logBuffer keeps what was logged.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// write puts the bundle that the mapper made of the golden case into the record.
func (w *world) write(change func(entry *fhirjson.Value)) {
	w.t.Helper()
	raw, err := os.ReadFile("../../../golden/lk-whole-journey/want.json")
	if err != nil {
		w.t.Fatal(err)
	}
	bundle, err := fhirjson.Parse(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range bundle.Get("entry").Items() {
		if change != nil {
			change(e.Get("resource"))
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
}

// own gives a record the subject of a person as an identifier, as the mapper does.
func (w *world) own(record, person string) {
	w.t.Helper()
	_, id, _ := strings.Cut(record, "/")
	a, err := w.nehr.Read(w.t.Context(), "Patient", id)
	if err != nil {
		w.t.Fatal(err)
	}
	a.Resource.Get("identifier").Append(fhirjson.Fields(fhirjson.F("system", fhirjson.Text(w.issuer+"#"+relyingParty)),
		fhirjson.F("value", fhirjson.Text(esignetsandbox.Subject(person, relyingParty)))))
	if _, err := w.nehr.Update(w.t.Context(), "Patient", id, a.Resource.Encode(), a.Version); err != nil {
		w.t.Fatal(err)
	}
}

// another makes a second patient with a name.
func (w *world) another(name string) string {
	w.t.Helper()
	a, err := w.nehr.Create(w.t.Context(), "Patient", []byte(`{"resourceType":"Patient","identifier":[{"system":"urn:test","value":"2"}],"name":[{"text":"`+name+`"}],"birthDate":"1990-01-02"}`), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return "Patient/" + a.Resource.Get("id").Str()
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

// page is an answer.
type page struct {
	status int
	body   string
	header http.Header
}

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

var tokenForm = regexp.MustCompile(`action="([^"]*)"[^>]*>\s*<input type="hidden" name="token" value="([^"]+)"`)

// token reads that of a form from a page.
func (b *visitor) token(at, action string) string {
	b.t.Helper()
	for _, m := range tokenForm.FindAllStringSubmatch(b.get(at).body, -1) {
		if m[1] == action {
			return m[2]
		}
	}
	b.t.Fatalf("%s has no form for %s", at, action)
	return ""
}

// submit fills in a form of a page and sends it.
func (b *visitor) submit(at, action string, fields ...string) page {
	b.t.Helper()
	form := url.Values{"token": {b.token(at, action)}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.post(action, form)
}

// signIn goes through eSignet and gives the answer to what it sends back.
func (b *visitor) signIn(person string) page {
	b.t.Helper()
	return b.get(b.throughESignet(esignetsandbox.Person{ID: person}))
}

func (b *visitor) throughESignet(person esignetsandbox.Person) (callback string) {
	b.t.Helper()
	res := b.get("/sign-in")
	if res.status != http.StatusSeeOther {
		b.t.Fatalf("sign-in: %d %s", res.status, res.body)
	}
	back, err := person.SignIn(b.t.Context(), res.header.Get("Location"))
	if err != nil {
		b.t.Fatal(err)
	}
	return back.RequestURI()
}

// backFrom signs a person in at an address of eSignet.
func (b *visitor) backFrom(person, at string) (callback string) {
	b.t.Helper()
	back, err := esignetsandbox.Person{ID: person}.SignIn(b.t.Context(), at)
	if err != nil {
		b.t.Fatal(err)
	}
	return back.RequestURI()
}

// gate is a test's gate: it reads from the sandbox what is the patient's own, and
// nothing else.
type gate struct {
	nehr *client.Client

	mu       sync.Mutex
	refused  []string // what was asked for and is another's
	reads    int
	entries  []access.Entry
	consents []access.Consent
	glasses  []access.BreakGlass
	answers  []access.Scope
	grants   []access.Consent
	asked    []access.Correction
	withheld access.Withheld
	stale    bool
	fail     error
}

func (g *gate) hers(who access.Actor, patient string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fail != nil {
		return g.fail
	}
	if who.Kind != access.KindPatient || who.Person != patient || who.Subject == "" || who.Session == "" {
		g.refused = append(g.refused, patient)
		return &access.DeniedError{Reason: access.ReasonForeign}
	}
	g.reads++
	return nil
}

func (g *gate) Record(ctx context.Context, who access.Actor, patient string) (*access.Record, error) {
	if err := g.hers(who, patient); err != nil {
		return nil, err
	}
	_, id, _ := strings.Cut(patient, "/")
	r := &access.Record{Patient: patient, At: time.Date(2025, 9, 1, 8, 0, 0, 0, time.UTC), Withheld: g.withheld, Stale: g.stale}
	a, err := g.nehr.Read(ctx, "Patient", id)
	if err != nil {
		return nil, err
	}
	r.Resources = append(r.Resources, a.Resource)
	for typ, param := range map[string]string{"Observation": "patient", "Encounter": "patient", "Condition": "patient", "MedicationStatement": "patient",
		"Immunization": "patient", "ServiceRequest": "patient", "Task": "patient", "DocumentReference": "patient", "Media": "patient", "Appointment": "actor", "Location": "", "Organization": "", "Practitioner": "", "PractitionerRole": ""} {
		query := url.Values{}
		if param != "" {
			query.Set(param, patient)
		}
		found, err := g.nehr.Search(ctx, typ, query)
		if err != nil {
			return nil, err
		}
		r.Resources = append(r.Resources, found.Resources...)
	}
	return r, nil
}

func (g *gate) Log(_ context.Context, who access.Actor, f access.Filter) ([]access.Entry, error) {
	if err := g.hers(who, who.Person); err != nil {
		return nil, err
	}
	var list []access.Entry
	for _, e := range g.entries {
		if e.Patient == who.Person && (f.WithOwn || e.Actor != access.KindPatient) && (!f.DeniedOnly || !e.Permitted) && (f.Before == 0 || e.Seq < f.Before) && (f.Limit != 1 || len(list) == 0) &&
			(!f.Emergency || e.Purpose == access.Emergency) && !e.At.Before(f.From) {
			list = append(list, e)
		}
	}
	return list, nil
}

func (g *gate) BreakGlasses(_ context.Context, who access.Actor) ([]access.BreakGlass, error) {
	return g.glasses, g.hers(who, who.Person)
}

func (g *gate) Disclose(_ context.Context, who access.Actor, patient string) error {
	return g.hers(who, patient)
}

func (g *gate) Consents(_ context.Context, who access.Actor, patient string) ([]access.Consent, error) {
	if err := g.hers(who, patient); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.consents), nil // also another's, which the pages must not show or touch
}

func (g *gate) set(id string, state access.State) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.consents {
		if g.consents[i].ID == id {
			g.consents[i].State = state
			return nil
		}
	}
	return access.ErrNotFound
}

func (g *gate) Answer(_ context.Context, who access.Actor, id string, s access.Scope, approve bool) error {
	if err := g.hers(who, who.Person); err != nil {
		return err
	}
	if !approve {
		return g.set(id, access.Refused)
	}
	g.answers = append(g.answers, s)
	return g.set(id, access.Active)
}

func (g *gate) Revoke(_ context.Context, who access.Actor, id string) error {
	if err := g.hers(who, who.Person); err != nil {
		return err
	}
	return g.set(id, access.Withdrawn)
}

func (g *gate) Standing(_ context.Context, who access.Actor, to access.Party, s access.Scope) (string, error) {
	if err := g.hers(who, who.Person); err != nil {
		return "", err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.grants = append(g.grants, access.Consent{Effect: access.Permit, Party: to, Scope: s, Patient: who.Person})
	return "x", nil
}

func (g *gate) Hide(_ context.Context, who access.Actor, from access.Party, s access.Scope) (string, error) {
	if err := g.hers(who, who.Person); err != nil {
		return "", err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.grants = append(g.grants, access.Consent{Effect: access.Deny, Party: from, Scope: s, Patient: who.Person})
	return "x", nil
}

func (g *gate) Binary(ctx context.Context, who access.Actor, patient, id string) (*access.Binary, error) {
	if err := g.hers(who, patient); err != nil {
		return nil, err
	}
	a, err := g.nehr.Read(ctx, "Binary", id)
	if err != nil {
		return nil, err
	}
	data, err := base64.StdEncoding.DecodeString(a.Resource.Get("data").Str())
	return &access.Binary{ContentType: a.Resource.Get("contentType").Str(), Data: data}, err
}

func (g *gate) Correct(_ context.Context, who access.Actor, c access.Correction) (string, error) {
	if err := g.hers(who, who.Person); err != nil {
		return "", err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c.Patient, c.State = who.Person, access.CorrectionRequested
	g.asked = append(g.asked, c)
	return "x", nil
}

func (g *gate) Corrections(_ context.Context, who access.Actor) ([]access.Correction, error) {
	if err := g.hers(who, who.Person); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.asked), nil
}

func (g *gate) Version(_ context.Context, who access.Actor, patient string) (string, error) {
	return "1", g.hers(who, patient)
}
