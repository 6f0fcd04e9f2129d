package changes_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/dhis2/changes/ledgertest"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

const eventSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// receiver takes notifications; answer says what it answers, nil is 204.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	answer http.HandlerFunc
	events []changes.Event
	wrong  []error
	raw    []string
	header []http.Header
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	verify := changes.Verifier{Secrets: []string{eventSecret}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		e, err := verify.Verify(req.Header, body)
		r.mu.Lock()
		r.events, r.raw, r.header = append(r.events, e), append(r.raw, string(body)), append(r.header, req.Header)
		if err != nil || req.Method != http.MethodPost {
			r.wrong = append(r.wrong, errors.Join(err, errors.New(req.Method)))
		}
		answer := r.answer
		r.mu.Unlock()
		if answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, req)
	}))
	t.Cleanup(func() {
		r.Close()
		for _, err := range r.wrong {
			t.Error("a request that is not to be believed:", err)
		}
	})
	return r
}

func (r *receiver) answers(f http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func (r *receiver) got() []changes.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// twoLedgers are the first one, which capture marks, and that of the events.
func twoLedgers(t testing.TB) (first, events *changes.Ledger) {
	t.Helper()
	open := opener(t, filepath.Join(t.TempDir(), "ledger.db"))
	for name, l := range map[string]**changes.Ledger{"": &first, ledgertest.Second: &events} {
		var err error
		if *l, err = changes.New(ctx, changes.Config{DB: open(), Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Pin(ctx, changes.PinSystem, "system-1", false); err != nil {
		t.Fatal(err)
	}
	return first, events
}

func notifying(t testing.TB, events *changes.Ledger, cfg changes.NotifyConfig) *changes.Runner {
	t.Helper()
	cfg.Secret = eventSecret
	n, err := changes.NewNotifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r, err := changes.NewRunner(changes.RunConfig{Ledger: events, Consumer: n.Notify, Backoff: time.Millisecond, MaxBackoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func markAll(t testing.TB, l *changes.Ledger, uids ...dhis2.UID) {
	t.Helper()
	var list []changes.Change
	for _, u := range uids {
		list = append(list, changes.Change{TrackedEntity: u, Program: anc})
	}
	if err := l.MarkDirty(ctx, list...); err != nil {
		t.Fatal(err)
	}
}

func once(t testing.TB, r *changes.Runner) changes.Counts {
	t.Helper()
	counts, err := r.Once(ctx)
	if paused, ok := errors.AsType[*changes.PausedError](err); err != nil && !ok {
		t.Fatal(err)
	} else if ok {
		counts.LastErr = paused.Err
	}
	return counts
}

func TestNotifyTellsWhoChangedAndNothingElse(t *testing.T) {
	first, events := twoLedgers(t)
	r := newReceiver(t)
	markAll(t, first, te(1))
	once(t, notifying(t, events, changes.NotifyConfig{URL: r.URL}))
	got := r.got()
	if len(got) != 1 {
		t.Fatalf("%d events, want 1", len(got))
	}
	want := changes.Event{ID: got[0].ID, Type: "trackedEntity.changed", At: got[0].At, Data: changes.EventData{
		TrackedEntity: te(1), Programs: []dhis2.UID{anc}, Sequence: 1, Source: "system-1"}}
	if diff := cmp.Diff(want, got[0], cmp.Comparer(func(a, b dhis2.UID) bool { return a == b })); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if age := time.Since(got[0].At); age < 0 || age > time.Minute {
		t.Errorf("seen %s ago", age)
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(r.raw[0]), &members); err != nil {
		t.Fatal(err)
	}
	data, _ := members["data"].(map[string]any)
	if len(members) != 4 || len(data) != 4 {
		t.Errorf("the body has other members: %s", r.raw[0])
	}
	if id := r.header[0].Get("webhook-id"); id != got[0].ID {
		t.Errorf("webhook-id %q, event %q", id, got[0].ID)
	}
}

// TestNotifyLosesNothing: through failures and changes meanwhile each change
// is told, repeats have the same identifier, later ones come later.
func TestNotifyLosesNothing(t *testing.T) {
	first, events := twoLedgers(t)
	r := newReceiver(t)
	runner := notifying(t, events, changes.NotifyConfig{URL: r.URL})
	markAll(t, first, te(1))
	calls := 0
	r.answers(func(w http.ResponseWriter, _ *http.Request) {
		switch calls++; calls {
		case 1, 2:
			w.WriteHeader(http.StatusInternalServerError)
		case 3:
			markAll(t, first, te(1)) // while it is told
		}
	})
	for end := time.Now().Add(20 * time.Second); len(r.got()) < 4 && time.Now().Before(end); {
		once(t, runner)
	}
	once(t, runner)
	got := r.got()
	ids, sequences := []string{}, []int64{}
	for _, e := range got {
		ids, sequences = append(ids, e.ID), append(sequences, e.Data.Sequence)
	}
	if len(got) != 4 || ids[0] != ids[1] || ids[1] != ids[2] || ids[2] == ids[3] {
		t.Fatalf("identifiers %v: want three tries of one event, and another", ids)
	}
	if !slices.Equal(sequences, []int64{1, 1, 1, 2}) {
		t.Errorf("sequences %v", sequences)
	}
	if r.raw[0] != r.raw[2] {
		t.Errorf("a repeat differs:\n%s\n%s", r.raw[0], r.raw[2])
	}
	if s, err := events.Stats(ctx); err != nil || s.Dirty != 0 {
		t.Errorf("%+v, %v: want nothing left", s, err)
	}
	if s, err := first.Stats(ctx); err != nil || s.Ready != 1 {
		t.Errorf("%+v, %v: the first consumer's work is its own", s, err)
	}
}

// TestNotifyFaults: what a receiver answers, and what becomes of the event.
func TestNotifyFaults(t *testing.T) {
	cut := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	}
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		class  changes.Class // "" is delivered
		cause  string
		all    bool // every event meets it
	}{
		{"200", status(200), "", "", false},
		{"202", status(202), "", "", false},
		{"204", status(204), "", "", false},
		{"a page with 200, no Route", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/html") }, "", "", false},
		{"redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, changes.Retry, "302", false},
		{"400", status(400), changes.DeadLetter, "400", false},
		{"401", status(401), changes.Retry, "401", true},
		{"403", status(403), changes.Retry, "403", true},
		{"404", status(404), changes.Retry, "404", false},
		{"409", status(409), changes.Retry, "409", false},
		{"410", status(410), changes.Retry, "410", false},
		{"413", status(413), changes.DeadLetter, "413", false},
		{"422", status(422), changes.DeadLetter, "422", false},
		{"429", status(429), changes.Retry, "429", false},
		{"500", status(500), changes.Retry, "500", false},
		{"502 of a Route without its server", status(502), changes.Retry, "502", false},
		{"503", status(503), changes.Retry, "503", false},
		{"504 of a Route that waited too long", status(504), changes.Retry, "504", false},
		{"cut", cut, changes.Retry, "unreachable", false},
		{"slow", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, changes.Retry, "unreachable", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			first, events := twoLedgers(t)
			r := newReceiver(t)
			r.answers(test.answer)
			n, err := changes.NewNotifier(changes.NotifyConfig{URL: r.URL + "/secret-path", Secret: eventSecret, Timeout: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			markAll(t, first, te(1))
			claims, err := events.Claim(ctx, 1)
			if err != nil || len(claims) != 1 {
				t.Fatal(claims, err)
			}
			_, err = n.Notify(ctx, claims[0])
			if test.class == "" {
				if err != nil {
					t.Errorf("error %v, want none", err)
				}
				return
			}
			if _, ok := errors.AsType[*changes.DeliveryError](err); !ok {
				t.Fatalf("error %v, want a *DeliveryError", err)
			}
			if o := changes.Classify(err); o.Class != test.class || o.Cause != test.cause || o.All != test.all || o.Unknown {
				t.Errorf("%+v, want class %s, cause %s, all %v", o, test.class, test.cause, test.all)
			}
			if strings.Contains(err.Error(), "secret-path") || strings.Contains(err.Error(), "MfKQ9r8G") {
				t.Errorf("the error tells the address or the secret: %v", err)
			}
			if len(r.got()) != 1 {
				t.Errorf("%d requests, want one: a redirect is not followed", len(r.got()))
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		first, events := twoLedgers(t)
		r := httptest.NewServer(nil)
		r.Close()
		markAll(t, first, te(1))
		if c := once(t, notifying(t, events, changes.NotifyConfig{URL: r.URL})); c.Failed[changes.Retry] == 0 || c.Done > 0 {
			t.Errorf("%+v, want a retry", c)
		}
	})
	t.Run("Retry-After", func(t *testing.T) {
		first, events := twoLedgers(t)
		r := newReceiver(t)
		r.answers(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		})
		markAll(t, first, te(1))
		if o := changes.Classify(once(t, notifying(t, events, changes.NotifyConfig{URL: r.URL})).LastErr); o.Wait != 2*time.Minute {
			t.Errorf("waits %s, want 2 min", o.Wait)
		}
	})
}

// TestNotifyByRoute: the signature arrives although a Route of DHIS2 drops
// our headers, in every version.
func TestNotifyByRoute(t *testing.T) {
	for _, version := range []string{"2.40.5", "2.41.3", "2.42.1", "2.43.0"} {
		t.Run(version, func(t *testing.T) {
			first, events := twoLedgers(t)
			r := newReceiver(t)
			server, err := sandbox.New(sandbox.Config{Version: version, RemoteServersAllowed: []string{"http://127.0.0.1:*"}})
			if err != nil {
				t.Fatal(err)
			}
			if err := server.Load(sandbox.Dataset{Routes: []sandbox.Route{{ID: dhis2.MustUID("RouteEvents"), Code: "events", Name: "events", URL: r.URL}}}); err != nil {
				t.Fatal(err)
			}
			web := httptest.NewServer(server.Handler())
			t.Cleanup(web.Close)
			cfg := changes.NotifyConfig{URL: web.URL + "/api/routes/events/run", Route: true, Header: http.Header{"Authorization": {"ApiToken wrong"}}}
			markAll(t, first, te(1))
			c := once(t, notifying(t, events, cfg))
			if o := changes.Classify(c.LastErr); c.Done != 0 || !o.All || len(r.got()) != 0 {
				t.Errorf("%+v, %+v: want a refusal of the token", c, o)
			}
			cfg.Header.Set("Authorization", "ApiToken "+sandbox.DefaultToken)
			for end := time.Now().Add(20 * time.Second); len(r.got()) == 0 && time.Now().Before(end); {
				once(t, notifying(t, events, cfg))
			}
			got := r.got()
			if len(got) != 1 || got[0].Data.TrackedEntity != te(1) {
				t.Fatalf("events %+v, want one of the entity", got)
			}
			if h := r.header[0]; h.Get("webhook-signature") != "" || h.Get("Authorization") != "" || h.Get("X-Forwarded-User") != sandbox.DefaultUsername {
				t.Errorf("headers %v: want none of ours but the content type", h)
			}
		})
	}
}

// TestNotifyALoginPageIsNoDelivery: DHIS2 may answer 200 with a page in the
// place of the Route.
func TestNotifyALoginPageIsNoDelivery(t *testing.T) {
	first, events := twoLedgers(t)
	r := newReceiver(t)
	r.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html;charset=UTF-8")
		io.WriteString(w, "<html>login</html>")
	})
	markAll(t, first, te(1))
	c := once(t, notifying(t, events, changes.NotifyConfig{URL: r.URL, Route: true}))
	if o := changes.Classify(c.LastErr); c.Done != 0 || !o.All {
		t.Errorf("%+v, %+v: a login page was taken for a delivery", c, o)
	}
}

func TestNewNotifierRefuses(t *testing.T) {
	for name, cfg := range map[string]changes.NotifyConfig{
		"no URL":     {Secret: eventSecret},
		"password":   {URL: "https://a:b@example.org", Secret: eventSecret},
		"scheme":     {URL: "ftp://example.org", Secret: eventSecret},
		"no secret":  {URL: "https://example.org"},
		"no base64":  {URL: "https://example.org", Secret: "whsec_%%"},
		"empty key":  {URL: "https://example.org", Secret: "whsec_"},
		"time limit": {URL: "https://example.org", Secret: eventSecret, Timeout: -1},
	} {
		if _, err := changes.NewNotifier(cfg); err == nil {
			t.Errorf("%s: taken", name)
		} else if strings.Contains(err.Error(), "a:b") {
			t.Errorf("%s: tells the password: %v", name, err)
		}
	}
	n, err := changes.NewNotifier(changes.NotifyConfig{URL: "https://example.org", Secret: eventSecret})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Notify(context.Background(), changes.Claim{}); err == nil {
		t.Error("a claim that no ledger gave was taken")
	}
}
