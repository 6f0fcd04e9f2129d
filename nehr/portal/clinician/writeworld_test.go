package clinician_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
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
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
	"github.com/nehrbridge/nehrbridge/nehr/portal/clinician"
	"github.com/nehrbridge/nehrbridge/nehr/portal/patient"
	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// Who writes in the tests: people of the eSignet sandbox.
const (
	pen      = "9900000001" // Dr Perera of the general hospital
	otherPen = "9900000002" // Dr Silva of the same
	penRP    = "test-health"
	penACR   = "mosip:idp:acr:generated-code"
	penPHN   = "9999MPQRTV9" // of the golden case
	penDay   = "2025-09-01"
)

// desk is the clinician portal with both sandboxes around it, and a mother who lets
// both doctors see everything.
type desk struct {
	t       testing.TB
	url     string
	now     time.Time
	mu      sync.Mutex
	issuer  string
	nehr    *client.Client
	gate    *access.Gate
	roles   *clinician.Roles
	work    *authored.Desk
	mother  string // Patient/…
	consent map[string]string
	down    atomic.Bool // the record takes no transaction that writes
	told    []authored.ReplyText
}

func (w *desk) PutIn(_ database.Tx, r authored.ReplyText) error {
	w.told = append(w.told, r)
	return nil
}

func (w *desk) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *desk) forward(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *desk) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

var penKey = sync.OnceValues(func() (*esignet.Key, error) { return esignet.NewKey("RS256", 2048) })

func startDesk(t testing.TB) *desk {
	t.Helper()
	w := &desk{t: t, now: time.Date(2025, 9, 1, 9, 0, 0, 0, time.UTC), consent: map[string]string{}}
	people, err := esignetsandbox.New(esignetsandbox.Config{Now: w.clock, PublishUserinfoKey: true})
	w.must(err)
	esignetWeb := httptest.NewServer(people.Handler())
	t.Cleanup(esignetWeb.Close)
	w.issuer = esignetWeb.URL
	fhir, err := nehrsandbox.New(nehrsandbox.Config{PageSize: 200, Now: w.clock})
	w.must(err)
	t.Cleanup(func() { _ = fhir.Close() })
	inner := fhir.Handler()
	fhirWeb := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.down.Load() {
			body, err := io.ReadAll(r.Body)
			if err != nil || bytes.Contains(body, []byte(`"PUT"`)) {
				panic(http.ErrAbortHandler)
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		inner.ServeHTTP(rw, r)
	}))
	t.Cleanup(fhirWeb.Close)
	w.nehr, err = client.New(client.Config{BaseURL: fhirWeb.URL + "/fhir"})
	w.must(err)
	w.fill()
	db, err := database.Open(t.Context(), database.Config{URL: filepath.Join(t.TempDir(), "portal.db"),
		Migrations: []database.Migrations{portal.Migrations, clinician.Migrations, authored.Migrations, access.Migrations()}})
	w.must(err)
	t.Cleanup(func() { _ = db.Close() })
	zone, err := time.LoadLocation("Asia/Colombo")
	w.must(err)
	w.gate, err = access.New(access.Config{DB: db, NEHR: w.nehr, Zone: zone, Now: w.clock})
	w.must(err)
	w.roles = clinician.NewRoles(db, w.clock, nil)
	directory := clinician.NEHR{Client: w.nehr}
	judge, err := validate.New(validate.Config{})
	w.must(err)
	w.work, err = authored.New(authored.Config{DB: db, Key: bytes.Repeat([]byte{3}, 32), Gate: w.gate, Zone: zone, National: true, Reply: w, Now: w.clock,
		Name: directory.Name, Linked: clinician.Linked(w.roles, directory, penRP, w.clock), Failed: func(err error) { t.Log(err) },
		Validate: func(b []byte) error {
			if o := judge.Validate(b); !o.OK() {
				return fmt.Errorf("%d errors", o.Errors())
			}
			return nil
		}})
	w.must(err)

	var handler http.Handler
	web := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	t.Cleanup(web.Close)
	w.url = web.URL
	key, err := penKey()
	w.must(err)
	public, err := key.PublicJWK("sig")
	w.must(err)
	w.must(people.RegisterClient(esignetsandbox.ClientRequest{ClientID: "portal", Name: "Portal", RelyingParty: penRP,
		PublicKey: jsontext.Value(public), RedirectURIs: []string{w.url + "/callback"}, ACRs: []string{penACR}}))
	p, err := clinician.New(clinician.Config{
		Portal: portal.Config{URL: w.url, DB: db, RelyingParty: penRP, ACRs: []string{penACR}, Zone: zone, Now: w.clock,
			Log: zerolog.New(zerolog.NewTestWriter(t)), PerMinute: 100_000,
			ESignet: esignet.Config{Issuer: w.issuer, ClientID: "portal", Keys: esignet.SingleKey(key)}},
		Gate: clinician.Through(w.gate), Directory: directory, Writer: w.nehr, Roles: w.roles, Desk: w.work, PatientURL: "http://127.0.0.1:1"})
	w.must(err)
	handler = p.Handler()
	for person, name := range map[string]string{pen: "perera", otherPen: "silva"} {
		w.must(w.roles.Link(t.Context(), w.hash(person), "PractitionerRole/"+name, w.now.Add(24*time.Hour)))
		w.allow(name, access.Scope{})
	}
	return w
}

// hash names a person as the links do.
func (w *desk) hash(person string) string {
	sum := sha256.Sum256([]byte(w.issuer + "#" + penRP + "\x00" + esignetsandbox.Subject(person, penRP)))
	return hex.EncodeToString(sum[:])
}

// allow is her consent for a doctor, in place of the one before.
func (w *desk) allow(name string, s access.Scope) {
	w.t.Helper()
	w.revoke(name)
	her := access.Actor{Kind: access.KindPatient, Issuer: w.issuer, Subject: "her", Person: w.mother}
	s.Until = w.clock().Add(48 * time.Hour)
	id, err := w.gate.Standing(context.Background(), her, access.Party{Role: "PractitionerRole/" + name}, s)
	w.must(err)
	w.consent[name] = id
}

func (w *desk) revoke(name string) {
	w.t.Helper()
	if id := w.consent[name]; id != "" {
		w.must(w.gate.Revoke(context.Background(), access.Actor{Kind: access.KindPatient, Issuer: w.issuer, Subject: "her", Person: w.mother}, id))
		delete(w.consent, name)
	}
}

// fill writes the golden case, another mother, a hospital and two doctors.
func (w *desk) fill() {
	w.t.Helper()
	raw, err := os.ReadFile("../../../golden/lk-whole-journey/want.json")
	w.must(err)
	_, err = w.nehr.Transaction(context.Background(), raw)
	w.must(err)
	ids, err := patient.NEHR{Client: w.nehr}.Find(context.Background(), "http://fhir.health.gov.lk/ips/identifier/phn", penPHN)
	w.must(err)
	w.mother = ids[0]
	for _, text := range []string{
		`{"resourceType":"Patient","id":"other","identifier":[{"system":"http://fhir.health.gov.lk/ips/identifier/phn","value":"8888MPQRTV8"}],"name":[{"text":"Another Mother"}],"birthDate":"1990-01-02"}`,
		`{"resourceType":"Organization","id":"general","name":"General Hospital"}`,
		`{"resourceType":"Practitioner","id":"perera","name":[{"text":"Dr Perera"}]}`, `{"resourceType":"Practitioner","id":"silva","name":[{"text":"Dr Silva"}]}`,
		`{"resourceType":"PractitionerRole","id":"perera","active":true,"practitioner":{"reference":"Practitioner/perera"},"organization":{"reference":"Organization/general"}}`,
		`{"resourceType":"PractitionerRole","id":"silva","active":true,"practitioner":{"reference":"Practitioner/silva"},"organization":{"reference":"Organization/general"}}`,
	} {
		r, err := fhirjson.Parse([]byte(text))
		w.must(err)
		_, err = w.nehr.Update(context.Background(), r.Get("resourceType").Str(), r.Get("id").Str(), r.Encode(), "")
		w.must(err)
	}
}

// byEntry gives what the portal wrote of a type.
func (w *desk) byEntry(typ string) (list []*fhirjson.Value) {
	w.t.Helper()
	found, err := w.nehr.Search(context.Background(), typ, url.Values{"_count": {"200"}})
	w.must(err)
	for _, r := range found.Resources {
		for _, i := range r.Get("identifier").Items() {
			if i.Get("system").Str() == authored.SystemEntry {
				list = append(list, r)
			}
		}
	}
	return list
}

// writer is a browser with cookies.
type writer struct {
	*desk
	*http.Client
}

type shown struct {
	status int
	body   string
	header http.Header
}

// open signs somebody in and finds the mother.
func (w *desk) open(person string) *writer {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	w.must(err)
	b := &writer{w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	back, err := esignetsandbox.Person{ID: person}.SignIn(w.t.Context(), b.get("/sign-in").header.Get("Location"))
	w.must(err)
	b.get(back.RequestURI())
	b.find(penPHN)
	return b
}

func (b *writer) find(number string) {
	b.t.Helper()
	if p := b.post("/find", url.Values{"token": {b.token("/find", "/find")}, "by": {"number"}, "number": {number}}); p.status != http.StatusSeeOther {
		b.t.Fatalf("find: %d", p.status)
	}
}

func (b *writer) do(r *http.Request) shown {
	b.t.Helper()
	res, err := b.Do(r)
	b.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	b.must(err)
	return shown{res.StatusCode, string(body), res.Header}
}

func (b *writer) get(path string) shown {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path, nil)
	b.must(err)
	return b.do(r)
}

func (b *writer) post(path string, form url.Values) shown {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
	b.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// part is a part of a form with a file.
type part struct {
	name, file string
	data       []byte
}

// send sends a form with files as a browser does.
func (b *writer) send(path string, form url.Values, parts ...part) shown {
	b.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, values := range form {
		for _, v := range values {
			b.must(m.WriteField(name, v))
		}
	}
	for _, p := range parts {
		f, err := m.CreateFormFile(p.name, p.file)
		b.must(err)
		_, err = f.Write(p.data)
		b.must(err)
	}
	b.must(m.Close())
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+path, &body)
	b.must(err)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := b.Do(r)
	if err != nil { // the server has closed the connection before it was all sent
		if b.t.Context().Err() != nil {
			b.t.Fatal(err)
		}
		return shown{}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		b.t.Fatal(err)
	}
	return shown{res.StatusCode, string(text), res.Header}
}

var (
	formTag  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>`)
	inputTag = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
)

// form reads the hidden fields of a form of a page.
func (b *writer) form(at, action string) url.Values {
	b.t.Helper()
	for _, m := range formTag.FindAllStringSubmatch(b.get(at).body, -1) {
		if m[1] == action {
			values := url.Values{}
			for _, i := range inputTag.FindAllStringSubmatch(m[2], -1) {
				values.Add(i[1], i[2])
			}
			return values
		}
	}
	b.t.Fatalf("%s has no form for %s", at, action)
	return nil
}

func (b *writer) token(at, action string) string { return b.form(at, action).Get("token") }

// fillIn fills in a form of a page.
func (b *writer) fillIn(at, action string, fields ...string) url.Values {
	b.t.Helper()
	form := b.form(at, action)
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return form
}

// draft keeps a haemoglobin.
func (b *writer) draft(value string) {
	b.t.Helper()
	b.goesTo("/write/entry", b.post("/write/observation", b.fillIn("/write/observation?measure=718-7", "/write/observation", "value", value, "day", penDay, "text", "Venous blood")))
}

func (b *writer) goesTo(path string, p shown) {
	b.t.Helper()
	if p.status != http.StatusSeeOther || p.header.Get("Location") != path {
		b.t.Fatalf("%d to %q, want %s: %s", p.status, p.header.Get("Location"), path, text(p.body))
	}
}

func (b *writer) sign() {
	b.t.Helper()
	b.goesTo("/write/entry", b.post("/write/sign", b.form("/write/entry", "/write/sign")))
}

var tags = regexp.MustCompile(`(?s)<[^>]*>`)

// text is what a page says.
func text(body string) string {
	_, main, _ := strings.Cut(body, `<main`)
	return strings.Join(strings.Fields(tags.ReplaceAllString("<main"+main, " ")), " ")
}

func smallPNG(t testing.TB) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
