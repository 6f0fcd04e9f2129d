package sandbox

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/golden/reference"
)

// recording is one exchange with a running server.
type recording struct {
	Name    string `json:"name"`
	Request struct {
		Method  string            `json:"method"`
		Path    string            `json:"path"`
		Headers map[string]string `json:"headers"`
		Body    jsontext.Value    `json:"body"`
	} `json:"request"`
	Response struct {
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    jsontext.Value    `json:"body"`
		Raw     string            `json:"raw"`
	} `json:"response"`
	at time.Time
}

// differences are the recorded answers that the sandbox does not give, on
// purpose: by case, and by the versions it concerns. README.md lists them, and
// a test compares.
var differences = map[string]string{
	"001-openid-configuration":       "`jwks_uri` is `{D}/.well-known/jwks.json`, as in a default installation; the recorded servers were set to the path of the service",
	"002-oauth-authorization-server": "the same",
}

// TestRecordings plays every recorded request again, on a frozen clock, and
// compares the answers: status, headers, error codes and the shape of the
// body, tokens with their headers and claims.
func TestRecordings(t *testing.T) {
	root := reference.Path(t, "data/esignet")
	for version, folder := range map[Version]string{V16: "1.6.1", V17: "1.7.1", V18: "1.8.0"} {
		t.Run(string(version), func(t *testing.T) {
			p := newPlayer(t, version, filepath.Join(root, folder))
			if len(p.recordings) < 150 {
				t.Fatalf("%d recordings", len(p.recordings))
			}
			agreed := 0
			for _, r := range p.recordings {
				problems := p.play(r)
				_, expected := differences[r.Name]
				switch {
				case len(problems) == 0 && expected:
					t.Errorf("%s: listed as different, but equal", r.Name)
				case len(problems) == 0:
					agreed++
				case !expected:
					t.Errorf("%s:\n\t%s", r.Name, strings.Join(problems, "\n\t"))
				}
			}
			t.Logf("%d of %d recorded exchanges answered alike", agreed, len(p.recordings))
		})
	}
}

// player plays recordings against a sandbox. What the recorded server made up
// (transactions, codes, tokens, nonces) is replaced by what the sandbox did.
type player struct {
	t          *testing.T
	v          Version
	recordings []*recording
	server     *Server
	web        *httptest.Server
	now        time.Time
	mine       map[string]string // recorded value → the sandbox's
	hash       map[string]string // transaction → hash of its details
	cookie     string
	csrf       string
	dpopKey    jose.JSONWebKey
	encKey     jose.JSONWebKey
	serial     int
	current    string // recording that is played
}

func newPlayer(t *testing.T, v Version, folder string) *player {
	p := &player{t: t, v: v, mine: map[string]string{}, hash: map[string]string{}}
	var times map[string]struct {
		Epoch float64 `json:"epoch"`
	}
	readJSON(t, filepath.Join(folder, "times.json"), &times)
	files, err := filepath.Glob(filepath.Join(folder, "[0-9][0-9][0-9]-*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		r := &recording{}
		readJSON(t, file, r)
		at, ok := times[r.Name]
		if !ok {
			t.Fatalf("%s has no time", r.Name)
		}
		r.at = time.UnixMilli(int64(at.Epoch * 1000))
		p.recordings = append(p.recordings, r)
	}
	slices.SortFunc(p.recordings, func(a, b *recording) int {
		return cmp.Or(a.at.Compare(b.at), strings.Compare(a.Name, b.Name))
	})
	var meta struct {
		Issuer string `json:"issuer"`
	}
	readJSON(t, filepath.Join(folder, "openid-configuration.json"), &meta)
	if v >= V17 {
		p.dpopKey = privateOf(t, filepath.Join(folder, "dpop.jwk.json"))
	}
	if v >= V18 {
		p.encKey = privateOf(t, filepath.Join(folder, "client-enc.jwk.json"))
	}
	p.now = p.recordings[0].at
	p.server, err = New(Config{Version: v, URL: meta.Issuer, Now: func() time.Time { return p.now }, Identities: []Identity{},
		SigningKey: testKey(0), UserinfoKey: testKey(1)})
	if err != nil {
		t.Fatal(err)
	}
	p.web = httptest.NewServer(p.server.Handler())
	t.Cleanup(p.web.Close)
	return p
}

func privateOf(t *testing.T, file string) jose.JSONWebKey {
	var doc struct {
		Private jose.JSONWebKey `json:"private"`
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]jsontext.Value
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	if err := doc.Private.UnmarshalJSON(raw["private"]); err != nil {
		t.Fatalf("%s: %v", filepath.Base(file), err)
	}
	return doc.Private
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", filepath.Base(file), err)
	}
}

// play sends one recorded request and tells how the answer differs.
func (p *player) play(r *recording) []string {
	p.now, p.current = r.at, r.Name
	p.prepare(r)
	path, headers, body := p.translate(r)
	status, header, got := p.send(r.Request.Method, path, headers, body)

	var problems []string
	differ := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if status != r.Response.Status {
		differ("status %d, recorded %d; %.300s", status, r.Response.Status, got)
	}
	for _, name := range []string{"content-type", "cache-control", "www-authenticate", "location", "allow"} {
		if g, w := header.Get(name), r.Response.Headers[name]; g != w {
			differ("%s: %q, recorded %q", name, g, w)
		}
	}
	if (header.Get("DPoP-Nonce") == "") != (r.Response.Headers["dpop-nonce"] == "") {
		differ("dpop-nonce: %q, recorded %q", header.Get("DPoP-Nonce"), r.Response.Headers["dpop-nonce"])
	}
	if recorded := r.Response.Headers["dpop-nonce"]; recorded != "" {
		p.mine[recorded] = header.Get("DPoP-Nonce")
	}
	cookieValue := regexp.MustCompile(`=[0-9a-f-]{36}`)
	if g, w := cookieValue.ReplaceAllString(header.Get("Set-Cookie"), "=…"), cookieValue.ReplaceAllString(r.Response.Headers["set-cookie"], "=…"); g != w && !strings.HasPrefix(r.Name, "004") {
		differ("set-cookie: %q, recorded %q", g, w)
	}

	want := []byte(r.Response.Body)
	switch {
	case r.Response.Body.Kind() == 'n':
		if len(got) != 0 {
			differ("a body: %.200s", got)
		}
		return problems
	case r.Response.Body.Kind() == '"':
		var text string
		_ = json.Unmarshal(r.Response.Body, &text)
		if !strings.HasPrefix(text, "{") { // a token
			p.compareToken("", string(got), text, differ)
			return problems
		}
		want = []byte(text)
	}
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		differ("no JSON: %.200s", got)
		return problems
	}
	if err := json.Unmarshal(want, &w); err != nil {
		p.t.Fatal(err)
	}
	p.compare("", g, w, differ)
	p.learnDetails(r, got)
	if strings.HasPrefix(r.Name, "005") { // the recorded servers had the same person under a second number
		twin := *p.server.people["4820193756"]
		twin.ID = "4820193757"
		if err := p.server.AddIdentity(twin); err != nil {
			p.t.Fatal(err)
		}
	}
	return problems
}

// learnDetails keeps the hash of the details of a transaction, in both forms.
func (p *player) learnDetails(r *recording, got []byte) {
	if !strings.HasSuffix(r.Request.Path, "oauth-details") {
		return
	}
	recorded, mine := responseMember([]byte(r.Response.Raw)), responseMember(got)
	if recorded == nil || mine == nil {
		return
	}
	hash := func(b []byte) string { sum := sha256.Sum256(b); return b64.EncodeToString(sum[:]) }
	p.mine[hash(recorded)] = hash(mine)
	var d struct {
		ID string `json:"transactionId"`
	}
	if json.Unmarshal(mine, &d) == nil {
		p.hash[d.ID] = hash(mine)
	}
}

func responseMember(doc []byte) []byte {
	var e struct {
		Response jsontext.Value `json:"response"`
	}
	if json.Unmarshal(doc, &e) != nil || e.Response.Kind() != '{' {
		return nil
	}
	return e.Response
}

// volatile are members whose values are made up anew each time: the recorded
// one is translated to the sandbox's from then on.
var volatile = map[string]bool{"transactionId": true, "code": true, "request_uri": true, "token": true}

// stamps are members that are times or certificates.
var stamps = map[string]bool{"responseTime": true, "timestamp": true, "issuedAt": true, "expiryAt": true, "certificateData": true,
	"x5t#S256": true, "x5c": true, "n": true, "exp": true}

func (p *player) compare(path string, got, want any, differ func(string, ...any)) {
	name := path[strings.LastIndexByte(path, '.')+1:]
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			differ("%s: %v, recorded an object", path, got)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(w)) {
			if _, has := g[key]; !has {
				differ("%s.%s is missing", path, key)
				continue
			}
			p.compare(path+"."+key, g[key], w[key], differ)
		}
		for _, key := range slices.Sorted(maps.Keys(g)) {
			if _, has := w[key]; !has {
				differ("%s.%s is new: %v", path, key, g[key])
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			differ("%s: %v, recorded %v", path, got, want)
			return
		}
		for i := range w {
			p.compare(path, g[i], w[i], differ)
		}
	case string:
		g, ok := got.(string)
		switch {
		case !ok:
			differ("%s: %v, recorded %q", path, got, w)
		case strings.HasPrefix(w, "eyJ") && strings.Count(w, ".") >= 2:
			p.compareToken(path, g, w, differ)
		case volatile[name]:
			if len(g) != len(w) {
				differ("%s: %q, recorded %q", path, g, w)
			}
			p.mine[w] = g
		case stamps[name]:
		case g != w && p.mine[w] != g && !strings.Contains(w, "127.0.0.1:18399"): // sign-up pages that nobody ran
			differ("%s: %q, recorded %q", path, g, w)
		}
	default:
		if stamps[name] {
			if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
				differ("%s: %T, recorded %T", path, got, want)
			}
			return
		}
		if got != want {
			differ("%s: %v, recorded %v", path, got, want)
		}
	}
}

// compareToken compares JWS by header and claims, with their times relative to
// the issue, and JWE by header and content.
func (p *player) compareToken(path, got, want string, differ func(string, ...any)) {
	p.mine[want] = got
	if strings.Count(got, ".") != strings.Count(want, ".") {
		differ("%s: %d parts, recorded %d", path, strings.Count(got, ".")+1, strings.Count(want, ".")+1)
		return
	}
	g, w := strings.Split(got, "."), strings.Split(want, ".")
	if strings.Count(want, ".") == 4 {
		gh, wh := decodePart(p.t, g[0]), decodePart(p.t, w[0])
		delete(gh, "kid")
		delete(wh, "kid")
		p.compare(path+".header", gh, wh, differ)
		p.compareToken(path+".content", p.decrypt(got), p.decrypt(want), differ)
		return
	}
	p.compare(path+".header", decodePart(p.t, g[0]), decodePart(p.t, w[0]), differ)
	gc, wc := decodePart(p.t, g[1]), decodePart(p.t, w[1])
	delete(gc, "at_hash")
	delete(wc, "at_hash")
	for _, c := range []map[string]any{gc, wc} {
		iat, timed := c["iat"].(float64)
		if !timed {
			continue
		}
		c["exp"] = c["exp"].(float64) - iat
		if at, ok := c["auth_time"].(float64); ok {
			if iat < at {
				differ("%s: auth_time after iat", path)
			}
			c["auth_time"] = "before iat"
		}
		c["iat"] = "now"
	}
	if cnf, ok := gc["cnf"].(map[string]any); ok && p.mine["jkt"] == cnf["jkt"] {
		gc["cnf"] = wc["cnf"]
	}
	expGot, expWant := gc["exp"], wc["exp"]
	if expGot != expWant {
		differ("%s: exp - iat %v, recorded %v", path, expGot, expWant)
	}
	p.compare(path+".claims", any(gc), any(wc), differ)
}

func (p *player) decrypt(jwe string) string {
	e, err := jose.ParseEncryptedCompact(jwe, []jose.KeyAlgorithm{jose.RSA_OAEP_256}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		p.t.Fatal(err)
	}
	content, err := e.Decrypt(p.encKey.Key)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(content)
}

func decodePart(t *testing.T, part string) map[string]any {
	raw, err := b64.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// send makes a request with the CSRF pair where none is given.
func (p *player) send(method, path string, headers map[string]string, body []byte) (int, http.Header, []byte) {
	p.t.Helper()
	req, err := http.NewRequest(method, p.web.URL+path, bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if c := res.Cookies(); len(c) > 0 && c[0].Name == "XSRF-TOKEN" {
		p.cookie = c[0].Value
		var doc struct {
			Token string `json:"token"`
		}
		if json.Unmarshal(got, &doc) == nil {
			p.csrf = doc.Token
		}
	}
	return res.StatusCode, res.Header, got
}

// translate puts the sandbox's values in the place of the recorded ones.
func (p *player) translate(r *recording) (path string, headers map[string]string, body []byte) {
	headers = map[string]string{}
	for name, value := range r.Request.Headers {
		switch name {
		case "X-XSRF-TOKEN":
			value = p.csrf
		case "Cookie":
			value = "XSRF-TOKEN=" + p.cookie
		case "DPoP":
			value = p.proof(value)
		default:
			value = p.replace(value)
		}
		headers[name] = value
	}
	if r.Request.Body.Kind() == 'n' {
		return r.Request.Path, headers, nil
	}
	text := string(r.Request.Body)
	if r.Request.Body.Kind() == '"' {
		_ = json.Unmarshal(r.Request.Body, &text)
		form, err := url.ParseQuery(text)
		if err != nil {
			p.t.Fatal(err)
		}
		for name := range form {
			form.Set(name, p.replace(form.Get(name)))
		}
		return r.Request.Path, headers, []byte(form.Encode())
	}
	return r.Request.Path, headers, []byte(p.replace(text))
}

func (p *player) replace(text string) string {
	if mine, ok := p.mine[text]; ok {
		return mine
	}
	for recorded, mine := range p.mine {
		if len(recorded) >= 36 {
			text = strings.ReplaceAll(text, recorded, mine)
		}
	}
	return text
}

// proof signs a recorded DPoP proof anew where it names a nonce or a token of
// the recorded server; others go as they are.
func (p *player) proof(recorded string) string {
	parts := strings.Split(recorded, ".")
	header, claims := decodePart(p.t, parts[0]), decodePart(p.t, parts[1])
	alg, _ := header["alg"].(string)
	nonce, _ := claims["nonce"].(string)
	_, hashes := claims["ath"]
	if (nonce == "" || p.mine[nonce] == "") && !hashes || alg == "ES256" {
		return recorded
	}
	if mine := p.mine[nonce]; mine != "" {
		claims["nonce"] = mine
	}
	if ath, ok := claims["ath"].(string); ok {
		for was, is := range p.mine { // a wrong hash stays wrong
			sum := sha256.Sum256([]byte(was))
			if b64.EncodeToString(sum[:]) == ath {
				sum = sha256.Sum256([]byte(is))
				claims["ath"] = b64.EncodeToString(sum[:])
			}
		}
	}
	var key any = p.dpopKey.Key
	public := p.dpopKey.Public()
	if jwk, _ := header["jwk"].(map[string]any); jwk["n"] != modulus(public) {
		key, public = testKey(2), jose.JSONWebKey{Key: &testKey(2).PublicKey}
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key},
		(&jose.SignerOptions{}).WithType(jose.ContentType(header["typ"].(string))).WithHeader("jwk", jose.JSONWebKey{Key: public.Key}))
	if err != nil {
		p.t.Fatal(err)
	}
	jws, err := s.Sign(encode(claims))
	if err != nil {
		p.t.Fatal(err)
	}
	compact, err := jws.CompactSerialize()
	if err != nil {
		p.t.Fatal(err)
	}
	thumb, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mine["jkt"] = b64.EncodeToString(thumb)
	return compact
}

func modulus(key jose.JSONWebKey) string {
	doc, _ := key.MarshalJSON()
	var m map[string]string
	_ = json.Unmarshal(doc, &m)
	return m["n"]
}
