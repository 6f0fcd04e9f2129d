package changes_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// vector is the worked example of Standard Webhooks.
var vector = struct {
	secret, id, stamp, body, signature string
	at                                 time.Time
}{
	"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", `{"test": 2432232314}`,
	"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", time.Unix(1614265330, 0),
}

func signedHeader(id, stamp, signature string) http.Header {
	h := http.Header{}
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", stamp)
	h.Set("webhook-signature", signature)
	return h
}

// TestVerifyKnownAnswer: the signature is that of Standard Webhooks; that the
// body is no event of ours is the only thing wrong.
func TestVerifyKnownAnswer(t *testing.T) {
	ours := changes.Verifier{Secrets: []string{vector.secret}, Now: func() time.Time { return vector.at }}
	header := signedHeader(vector.id, vector.stamp, vector.signature)
	if _, err := ours.Verify(header, []byte(vector.body)); !errors.Is(err, changes.ErrEvent) {
		t.Errorf("error %v, want %v", err, changes.ErrEvent)
	}
	for _, test := range []struct {
		name, secret, id, stamp, signature, body string
		later                                    time.Duration
		want                                     error
	}{
		{name: "rotated: the second of two secrets, the second of two signatures", secret: "another", signature: "v1,AAAA " + vector.signature, want: changes.ErrEvent},
		{name: "5 min late", later: 5 * time.Minute, want: changes.ErrEvent},
		{name: "later", later: 5*time.Minute + time.Second, want: changes.ErrTime},
		{name: "ahead", later: -5*time.Minute - time.Second, want: changes.ErrTime},
		{name: "another body", body: `{"test": 2432232315}`, want: changes.ErrSignature},
		{name: "another identifier", id: "msg_other", want: changes.ErrSignature},
		{name: "another time", stamp: "1614265331", want: changes.ErrSignature},
		{name: "no time", stamp: "soon", want: changes.ErrSignature},
		{name: "another version", signature: "v2" + strings.TrimPrefix(vector.signature, "v1"), want: changes.ErrSignature},
		{name: "no signature", signature: " ", want: changes.ErrSignature},
	} {
		t.Run(test.name, func(t *testing.T) {
			or := func(s, otherwise string) string {
				if s == "" {
					return otherwise
				}
				return s
			}
			v := changes.Verifier{Secrets: []string{vector.secret, or(test.secret, vector.secret)}, Now: func() time.Time { return vector.at.Add(test.later) }}
			header := signedHeader(or(test.id, vector.id), or(test.stamp, vector.stamp), or(test.signature, vector.signature))
			if _, err := v.Verify(header, []byte(or(test.body, vector.body))); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

// TestAttackVerify: what a stranger may send is refused.
func TestAttackVerify(t *testing.T) {
	v := changes.Verifier{Secrets: []string{"", vector.secret}, Now: func() time.Time { return vector.at }}
	for name, body := range map[string]string{
		"nothing":              "",
		"not JSON":             "<html>",
		"no signature":         `{"id":"a","timestamp":1614265330,"payload":"{}"}`,
		"of an empty secret":   `{"id":"a","timestamp":1614265330,"signature":"v1,` + emptyKey + `","payload":"{}"}`,
		"members twice":        `{"id":"a","id":"b","timestamp":1614265330,"signature":"v1,x","payload":"{}"}`,
		"time that overflows":  `{"id":"a","timestamp":99999999999999999999,"signature":"v1,x","payload":"{}"}`,
		"signature of no text": `{"id":"a","timestamp":1614265330,"signature":{},"payload":"{}"}`,
	} {
		t.Run(name, func(t *testing.T) {
			if e, err := v.Verify(http.Header{}, []byte(body)); !errors.Is(err, changes.ErrSignature) {
				t.Errorf("%+v, error %v, want %v", e, err, changes.ErrSignature)
			}
		})
	}
	if _, err := (changes.Verifier{Secrets: []string{"whsec_%"}}).Verify(signedHeader("a", "1", "v1,x"), nil); err == nil {
		t.Error("a secret that is none was taken")
	}
}

// emptyKey is HMAC-SHA256 of "a.1614265330.{}" with no key.
const emptyKey = "NOPGU5FTY9LeJnDzZXJHh+VZ7rlw1xlrQ6fjsmozkkM="

// TestReadmeReceiver runs the receiver of README.md on the worked example.
func TestReadmeReceiver(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		postgrestest.Missing(t, "Python is not here: apt-get install python3")
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```python\n")
	code, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the README has no receiver in Python")
	}
	believes := func(body, signature string, at time.Time, secret string) string {
		program := fmt.Sprintf("%s\ntime.time = lambda: %d\nprint(believed({'webhook-id': %q, 'webhook-timestamp': %q, 'webhook-signature': %q}, %q.encode(), %q))",
			code, at.Unix(), vector.id, vector.stamp, signature, body, secret)
		out, err := exec.Command(python, "-c", program).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	for _, test := range []struct{ name, want, got string }{
		{"signed", "True", believes(vector.body, "v1,AAAA "+vector.signature, vector.at, vector.secret)},
		{"another body", "False", believes(vector.body+" ", vector.signature, vector.at, vector.secret)},
		{"another secret", "False", believes(vector.body, vector.signature, vector.at, "plain text")},
		{"late", "False", believes(vector.body, vector.signature, vector.at.Add(301*time.Second), vector.secret)},
	} {
		if test.got != test.want {
			t.Errorf("%s: %s, want %s", test.name, test.got, test.want)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(vector.id, vector.stamp, vector.signature, []byte(vector.body))
	f.Add("", "", "", []byte(`{"id":"a","timestamp":1614265330,"signature":"v1,x","payload":"{}"}`))
	v := changes.Verifier{Secrets: []string{"a secret that nobody knows"}, Now: func() time.Time { return vector.at }}
	f.Fuzz(func(t *testing.T, id, stamp, signature string, body []byte) {
		if e, err := v.Verify(signedHeader(id, stamp, signature), body); err == nil {
			t.Errorf("taken: %+v", e)
		}
	})
}
