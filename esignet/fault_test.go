package esignet_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// faults are what an upstream can do wrong, and the code it has at every stage;
// where one stage has a word of its own, codeAt has it.
var faults = []struct {
	name   string
	answer http.HandlerFunc
	want   esignet.Code
	codeAt map[esignet.Stage]esignet.Code
}{
	{"reset", func(w http.ResponseWriter, _ *http.Request) { hijack(w, nil) }, esignet.CodeUnreachable, nil},
	{"cut body", func(w http.ResponseWriter, _ *http.Request) {
		hijack(w, []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"issuer\":"))
	}, esignet.CodeUnreachable, nil},
	{"not HTTP", func(w http.ResponseWriter, _ *http.Request) { hijack(w, []byte("SSH-2.0-canary\r\n")) }, esignet.CodeUnreachable, nil},
	{"an HTML page", body(200, "text/html", "<html><script>canary</script></html>"), esignet.CodeMalformed, nil},
	{"nothing", body(200, "application/json", ""), esignet.CodeMalformed, nil},
	{"null", body(200, "application/json", "null"), esignet.CodeMalformed, nil},
	{"an array", body(200, "application/json", `["canary"]`), esignet.CodeMalformed, nil},
	{"cut JSON", body(200, "application/json", `{"issuer":"can`), esignet.CodeMalformed, nil},
	{"wrong types", body(200, "application/json", `{"issuer":1,"keys":"canary","request_uri":{},"access_token":[],"id_token":5}`), esignet.CodeMalformed, nil},
	{"members twice", body(200, "application/json", `{"issuer":"a","issuer":"canary","keys":[],"keys":[],"request_uri":"a","request_uri":"b","access_token":"a","access_token":"b"}`), esignet.CodeMalformed, nil},
	{"no UTF-8", body(200, "application/json", "{\"issuer\":\"\xff\xfe\"}"), esignet.CodeMalformed, nil},
	{"deep nesting", body(200, "application/json", strings.Repeat(`{"a":`, 30_000)), esignet.CodeMalformed, nil},
	{"huge", body(200, "application/json", `{"issuer":"`+strings.Repeat("canary", 1<<20)), esignet.CodeTooLarge, nil},
	{"204", body(204, "", ""), esignet.CodeMalformed, nil},
	{"401", body(401, "text/html", "canary"), esignet.CodeRequest, map[esignet.Stage]esignet.Code{esignet.StageUserInfo: esignet.CodeToken}},
	{"403", body(403, "text/html", "canary"), esignet.CodeRequest, map[esignet.Stage]esignet.Code{esignet.StageUserInfo: esignet.CodeToken}},
	{"404", body(404, "", ""), esignet.CodeRequest, nil},
	{"409", body(409, "application/json", `{"canary":1}`), esignet.CodeRequest, nil},
	{"429", body(429, "application/json", `{}`), esignet.CodeBusy, nil},
	{"500", body(500, "text/plain", "canary: stack trace"), esignet.CodeServer, nil},
	{"502 of a proxy", body(502, "text/html", "<html>canary</html>"), esignet.CodeServer, nil},
	{"503 in JSON", body(503, "application/json", `{"error":"temporarily_unavailable"}`), esignet.CodeServer, nil},
}

func body(status int, mediaType, content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if mediaType != "" {
			w.Header().Set("Content-Type", mediaType)
		}
		w.WriteHeader(status)
		w.Write([]byte(content))
	}
}

func hijack(w http.ResponseWriter, content []byte) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	if tcp, ok := c.(*net.TCPConn); ok && content == nil {
		_ = tcp.SetLinger(0)
	}
	_, _ = c.Write(content)
	c.Close()
}

var upstreams = []struct {
	path  string
	stage esignet.Stage
}{
	{"/.well-known/openid-configuration", esignet.StageDiscovery}, {"/par", esignet.StagePAR}, {"/token", esignet.StageToken}, {"/jwks", esignet.StageKeys}, {"/userinfo", esignet.StageUserInfo},
}

// signIn is a whole sign-in, with the error of whichever half fails.
func (p *provider) signIn(c *esignet.Client) error {
	a, err := c.Authorize(p.t.Context(), plainRequest)
	if err != nil {
		return err
	}
	_, err = c.Complete(p.t.Context(), a, p.consent(a.URL))
	return err
}

// TestAttackMalformed answers every call with everything that is no answer: each
// is typed, bounded, and says nothing of what was in it.
func TestAttackMalformed(t *testing.T) {
	for _, up := range upstreams {
		for _, f := range faults {
			t.Run(string(up.stage)+" "+f.name, func(t *testing.T) {
				p := newProvider(t)
				p.override[up.path] = f.answer
				want := f.want
				if own, ok := f.codeAt[up.stage]; ok {
					want = own
				}
				if up.stage == esignet.StageUserInfo && slices.Contains([]string{"nothing", "null", "an array", "cut JSON", "wrong types", "members twice", "no UTF-8", "deep nesting"}, f.name) {
					want = esignet.CodeUnsigned
				}
				noValue(t, wantError(t, p.signIn(p.newClient(nil)), up.stage, want))
			})
		}
	}
}

// TestUnreachable is the part of the fault table that has no answer.
func TestUnreachable(t *testing.T) {
	for _, up := range upstreams {
		t.Run(string(up.stage)+" refused", func(t *testing.T) {
			p := newProvider(t)
			p.metadata = func(m object) {
				for name, value := range m {
					if s, ok := value.(string); ok && s == p.server.URL+up.path {
						m[name] = "http://127.0.0.1:1" + up.path
					}
				}
			}
			c := p.newClient(func(c *esignet.Config) {
				if up.stage == esignet.StageDiscovery {
					c.DiscoveryURL = "http://127.0.0.1:1/"
				}
			})
			e := wantError(t, p.signIn(c), up.stage, esignet.CodeUnreachable)
			if !e.Unreachable() || e.Forged() {
				t.Error("not told apart from a forgery")
			}
		})
		t.Run(string(up.stage)+" slow", func(t *testing.T) {
			p := newProvider(t)
			release := make(chan struct{})
			t.Cleanup(func() { close(release) }) // before the server closes
			p.override[up.path] = func(_ http.ResponseWriter, r *http.Request) {
				select {
				case <-release:
				case <-r.Context().Done():
				}
			}
			e := wantError(t, p.signIn(p.newClient(func(c *esignet.Config) { c.Timeout = 30 * time.Millisecond })), up.stage, esignet.CodeUnreachable)
			if !errors.Is(e, context.DeadlineExceeded) {
				t.Errorf("%v is not a time-out", e)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		p := newProvider(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := p.newClient(nil).Authorize(ctx, plainRequest)
		if e := wantError(t, err, esignet.StageDiscovery, esignet.CodeUnreachable); !errors.Is(e, context.Canceled) {
			t.Error(e)
		}
	})
}
