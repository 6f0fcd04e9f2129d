package rp_test

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

const phoneURL = "https://verify.example.org/bridge"

// signs is a Names by a table.
type signs struct{}

const (
	clinicName = "Udaharanapura <Clinic>"
	workerName = "Midwife of the Example"
)

func (signs) OrganisationUnits(_ context.Context, uids []dhis2.UID) (out []dhis2.OrganisationUnit, _ error) {
	for _, u := range uids {
		out = append(out, dhis2.OrganisationUnit{ID: u, Name: clinicName})
	}
	return out, nil
}

func (signs) UsersByName(_ context.Context, names []string) (out []dhis2.User, _ error) {
	for _, n := range names {
		out = append(out, dhis2.User{Username: n, DisplayName: workerName})
	}
	return out, nil
}

// browser is one on a phone: it keeps cookies and follows nothing.
type browser struct {
	h       *house
	cookies map[string]string
}

func (h *house) browser() *browser { return &browser{h: h, cookies: map[string]string{}} }

// page is what a browser was answered.
type page struct {
	reply
	to string // where it is sent
}

func (p page) has(t testing.TB, status int, texts ...string) {
	t.Helper()
	if p.status != status {
		t.Errorf("answered %d, want %d: %s", p.status, status, p.body)
	}
	for _, text := range texts {
		if !strings.Contains(html.UnescapeString(string(p.body)), text) {
			t.Errorf("the page does not say %q:\n%s", text, p.body)
		}
	}
}

func (b *browser) ask(method, address string, header http.Header) page {
	b.h.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		b.h.t.Fatal(err)
	}
	r, err := http.NewRequest(method, b.h.url+u.RequestURI(), nil)
	if err != nil {
		b.h.t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer res.Body.Close()
	for _, c := range res.Cookies() {
		b.cookies[c.Name] = c.Value
	}
	p := page{reply{res.StatusCode, res.Header, nil}, res.Header.Get("Location")}
	if p.body, err = io.ReadAll(res.Body); err != nil {
		b.h.t.Fatal(err)
	}
	return p
}

func (b *browser) get(address string) page { b.h.t.Helper(); return b.ask("GET", address, nil) }

// open presses the button of the first page and gives the number of the next.
func (b *browser) open(address string) string {
	b.h.t.Helper()
	to := b.ask("POST", address, nil)
	if to.status != 303 || !strings.HasPrefix(to.to, "/bridge/verify/phone/") {
		b.h.t.Fatalf("%d %s", to.status, to.to)
	}
	m := regexp.MustCompile(`<strong>(\d\d)</strong>`).FindSubmatch(b.get(to.to).body)
	if m == nil {
		return ""
	}
	return string(m[1])
}

func (h *house) startPhone(user string) rp.Started {
	h.t.Helper()
	r := h.call(user, "POST", "/rp/start", rp.StartRequest{Program: ancProgram, OrgUnit: clinic, Device: rp.DevicePhone, Assisted: &rp.Assisted{Witness: witness}})
	var s rp.Started
	if r.status != 200 || json.Unmarshal(r.body, &s) != nil || s.Phone == nil || s.Transaction == "" {
		h.t.Fatalf("start: %d %s", r.status, r.body)
	}
	return s
}

const witness = "Sister of the Example"

func (h *house) status(user string, s rp.Started) (st rp.PhoneStatus) {
	h.t.Helper()
	r := h.call(user, "POST", "/rp/phone", rp.PhoneRequest{Transaction: s.Transaction})
	if r.status != 200 || json.Unmarshal(r.body, &st) != nil {
		h.t.Fatalf("status: %d %s", r.status, r.body)
	}
	return st
}

func (h *house) confirm(user string, s rp.Started, number string) reply {
	h.t.Helper()
	return h.call(user, "POST", "/rp/phone/confirm", rp.ConfirmRequest{Transaction: s.Transaction, Number: number})
}

// opened begins a sign-in, opens it on a phone and has the number confirmed.
func (h *house) opened(s rp.Started) *browser {
	h.t.Helper()
	b := h.browser()
	if r := h.confirm(midwife, s, b.open(s.Phone.URL)); r.status != 200 {
		h.t.Fatalf("confirm: %d %s", r.status, r.body)
	}
	return b
}

// back signs a person in on a phone that was confirmed, and gives where eSignet
// sends her.
func (b *browser) back(s rp.Started, p sandbox.Person) string {
	b.h.t.Helper()
	to := b.get(s.Phone.URL + "/sign-in")
	if to.status != 303 {
		b.h.t.Fatalf("sign-in: %d %s", to.status, to.body)
	}
	back, err := p.SignIn(b.h.t.Context(), to.to)
	if err != nil {
		b.h.t.Fatal(err)
	}
	if exact := (&url.URL{Scheme: back.Scheme, Host: back.Host, Path: back.Path}).String(); exact != rp.PhoneCallback(phoneURL) {
		b.h.t.Fatalf("came back at %s", exact)
	}
	return back.String()
}

// TestD075_D089_Phone goes the whole way on her own phone, with each generation: no
// national ID on the worker's machine, and the evidence says who helped.
func TestD075_D089_Phone(t *testing.T) {
	for _, version := range sandbox.Versions {
		t.Run(string(version), func(t *testing.T) {
			h := newHouse(t, version, setup{})
			s := h.startPhone(midwife)
			if s.URL != "" || s.State != "" || !strings.HasPrefix(s.Phone.URL, phoneURL+"/verify/phone/") || s.Phone.QR.Size < 29 || !strings.HasPrefix(s.Phone.QR.Path, "M4 4h7v1h-7z") ||
				!s.Expires.Equal(h.clock.Now().Add(5*time.Minute)) {
				t.Errorf("%+v", s)
			}
			if st := h.status(midwife, s); st.State != rp.PhoneWaiting || st.Number != "" {
				t.Errorf("%+v", st)
			}
			b := h.browser()
			// A scanner that looks before she does takes nothing from her.
			for _, method := range []string{"GET", "HEAD"} {
				if p := h.browser().ask(method, s.Phone.URL, nil); p.status != 200 || len(p.header["Set-Cookie"]) != 0 {
					t.Errorf("%s: %d", method, p.status)
				}
			}
			b.get(s.Phone.URL).has(t, 200, "Verify who you are", "Go on with this phone")
			if p := b.get(s.Phone.URL); strings.Contains(string(p.body), workerName) {
				t.Error("the worker is named to who has opened nothing")
			}
			number := b.open(s.Phone.URL)
			b.get(s.Phone.URL).has(t, 200, number, clinicName, workerName)
			b.get(s.Phone.URL+"?lang=ta").has(t, 200, number, `lang="ta"`, "எண்ணை")
			b.get(s.Phone.URL+"?lang=si").has(t, 200, number, `lang="si"`, "අංකය")
			if st := h.status(midwife, s); st.State != rp.PhoneOpened || st.Number != number {
				t.Errorf("%+v, the phone shows %s", st, number)
			}
			if p := b.get(s.Phone.URL + "/sign-in"); p.status != 303 || strings.Contains(p.to, "authorize") {
				t.Errorf("went to eSignet before it was confirmed: %s", p.to)
			}
			h.call(midwife, "POST", "/rp/complete", rp.CompleteRequest{Transaction: s.Transaction}).want(t, 409, "pending")
			if r := h.confirm(midwife, s, number); r.status != 200 {
				t.Fatalf("%d %s", r.status, r.body)
			}
			if p := b.get(s.Phone.URL + "/step"); string(p.body) != "confirmed" {
				t.Errorf("%s", p.body)
			}
			b.get(s.Phone.URL).has(t, 200, "Sign in with your national ID", workerName)
			// Once she was wrong at the button: a sign-in that was begun before is over.
			b.get(s.Phone.URL + "/sign-in?lang=si")
			back := b.back(s, sandbox.Person{ID: "9900000001"})
			if p := b.get(back); p.status != 303 || strings.Contains(p.to, "code") || strings.Contains(p.to, "state") {
				t.Errorf("%d %s", p.status, p.to)
			}
			b.get(s.Phone.URL).has(t, 200, "Thank you")
			if st := h.status(midwife, s); st.State != rp.PhoneSignedIn {
				t.Errorf("%+v", st)
			}
			r := h.call(midwife, "POST", "/rp/complete", rp.CompleteRequest{Transaction: s.Transaction})
			var done rp.Completed
			if r.status != 200 || json.Unmarshal(r.body, &done) != nil || len(done.Values) != 6 || done.Values[1].Value != "Nilmini Udaharana" {
				t.Fatalf("%d %s", r.status, r.body)
			}
			e, err := h.vault.Get(t.Context(), done.Evidence.ID)
			if err != nil || e.Device != rp.DevicePhone || e.Assisted == nil || e.Assisted.Witness != witness || e.User != midwife {
				t.Errorf("%+v %v", e, err)
			}
			r = h.call(colleague, "GET", "/rp/evidence/"+done.Evidence.ID, nil)
			if text := string(r.body); !strings.Contains(text, `"device":"phone"`) || !strings.Contains(text, `"assisted":true`) || strings.Contains(text, witness) {
				t.Errorf("%s", text)
			}
			// It is over, for the form and for the phone.
			h.call(midwife, "POST", "/rp/complete", rp.CompleteRequest{Transaction: s.Transaction}).want(t, 409, "transaction")
			b.get(s.Phone.URL).has(t, 410, "no longer valid")
			h.quiet(t)
		})
	}
}

// TestPhone_refused: she does not consent; the form is told, and begins again.
func TestPhone_refused(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	s := h.startPhone(midwife)
	b := h.opened(s)
	b.get(b.back(s, sandbox.Person{ID: her.ID, Deny: true}))
	b.get(s.Phone.URL).has(t, 200, "cancelled", "new code")
	st := h.status(midwife, s)
	if st.State != rp.PhoneRefused || st.Error == nil || st.Error.Code != "denied" || st.Error.Message.Text["ta"] == "" {
		t.Errorf("%+v", st)
	}
	h.call(midwife, "POST", "/rp/complete", rp.CompleteRequest{Transaction: s.Transaction}).want(t, 422, "denied")
	h.quiet(t)
}

// TestPhone_trouble: eSignet is down when she presses the button; nothing is lost.
func TestPhone_trouble(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	s := h.startPhone(midwife)
	b := h.opened(s)
	b.back(s, her) // metadata are known
	h.requests.fail(true)
	b.get(s.Phone.URL+"/sign-in").has(t, 503, "Try again", "later")
	h.requests.fail(false)
	b.get(b.back(s, her))
	if st := h.status(midwife, s); st.State != rp.PhoneSignedIn {
		t.Errorf("%+v", st)
	}
}

// TestStart_form: the state is told, so that of several windows each form takes its
// own answer; what is no device or no witness is refused.
func TestStart_form(t *testing.T) {
	h := newHouse(t, sandbox.V18, setup{})
	s := h.start(midwife)
	query, err := url.ParseQuery(h.signIn(s, her))
	if err != nil || s.State == "" || query.Get("state") != s.State {
		t.Errorf("state %q, came back with %q", s.State, query.Get("state"))
	}
	for _, bad := range []string{`"device":"watch"`, `"assisted":{"witness":""}`, `"assisted":{}`, `"assisted":{"witness":" "}`,
		`"assisted":{"witness":"a\nb"}`, `"assisted":{"witness":"` + strings.Repeat("ක", 101) + `"}`} {
		h.send("POST", "/rp/start", `{"program":"eozjj9UivfS","orgUnit":"SbxClinic01",`+bad+`}`, through(midwife, routeSecret)).want(t, 400, "malformed")
	}
	h.clock.advance(time.Minute)
	h.call(midwife, "POST", "/rp/phone", rp.PhoneRequest{Transaction: h.start(midwife).Transaction}).want(t, 400, "malformed")
	off := newHouse(t, sandbox.V18, setup{service: func(c *rp.Config) { c.Phone = nil }})
	off.call(midwife, "POST", "/rp/start", rp.StartRequest{Program: ancProgram, OrgUnit: clinic, Device: rp.DevicePhone}).want(t, 404, "no_phone")
	if p := off.browser().get(phoneURL + "/verify/phone/" + strings.Repeat("A", 22)); p.status != 404 {
		t.Errorf("pages though it is off: %d", p.status)
	}
}
