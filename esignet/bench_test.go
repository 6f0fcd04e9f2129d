package esignet_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// prepared answers without a network, so that a benchmark counts the relying
// party's work alone.
type prepared map[string]struct {
	mediaType string
	body      []byte
}

// RoundTrip gives the answer prepared for the path.
func (p prepared) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
	}
	a := p[r.URL.Path]
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {a.mediaType}}, Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r,
	}, nil
}

// BenchmarkBackChannel is everything from the code to verified claims, by
// RSA-2048: one assertion signed, two signatures checked; encrypted adds an opened
// JWE.
func BenchmarkBackChannel(b *testing.B) {
	for _, encrypted := range []bool{false, true} {
		name := "signed"
		if encrypted {
			name = "encrypted"
		}
		b.Run(name, func(b *testing.B) {
			p := newProvider(b)
			opens := rsaKey(b, "opens")
			if encrypted {
				p.encrypt = &opens.PublicKey
			}
			answers := prepared{}
			for _, path := range []string{"/.well-known/openid-configuration", "/jwks"} {
				answers[path] = struct {
					mediaType string
					body      []byte
				}{"application/json", fetch(b, p.server.URL+path)}
			}
			change := func(c *esignet.Config) { c.DecryptionKeys = esignet.SingleKey(importKey(b, opens)) }
			first := p.newClient(change)
			record := &recorder{to: answers}
			a, query := p.begin(first, plainRequest)
			c := p.newClient(func(c *esignet.Config) { change(c); c.Transport = record })
			if _, err := c.Complete(b.Context(), a, query); err != nil {
				b.Fatal(err)
			}
			c = p.newClient(func(c *esignet.Config) { change(c); c.Transport = answers })
			b.ReportAllocs()
			for b.Loop() {
				again := &esignet.Attempt{State: a.State, Nonce: a.Nonce, CodeVerifier: a.CodeVerifier, Began: a.Began, ACRValues: a.ACRValues}
				if _, err := c.Complete(b.Context(), again, query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// recorder keeps the answers of a server.
type recorder struct{ to prepared }

// RoundTrip asks the server and keeps what it says.
func (r *recorder) RoundTrip(q *http.Request) (*http.Response, error) {
	got, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		return nil, err
	}
	r.to[q.URL.Path] = struct {
		mediaType string
		body      []byte
	}{got.Header.Get("Content-Type"), body}
	got.Body = io.NopCloser(bytes.NewReader(body))
	return got, nil
}

func fetch(b *testing.B, address string) []byte {
	b.Helper()
	got, err := http.Get(address)
	if err != nil {
		b.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil || !strings.HasPrefix(string(body), "{") {
		b.Fatal(err)
	}
	return body
}
