//go:build unix

package rp_test

import (
	"bufio"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// besides is the environment variable by which this test's program is an eSignet in
// a process of its own, for the benchmark: its CPU is not the relying party's.
const besides = "NEHRBRIDGE_TEST_ESIGNET"

func TestMain(m *testing.M) {
	if key := os.Getenv(besides); key != "" {
		if err := beESignet(key); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// beESignet prints address and certificate and serves until its input ends.
func beESignet(key string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := "http://" + l.Addr().String()
	s, err := sandbox.New(sandbox.Config{Version: sandbox.V18, URL: address})
	if err != nil {
		return err
	}
	if err := s.RegisterClient(sandbox.ClientRequest{ClientID: "dhis2-anc", Name: "Clinic", RelyingParty: "health", PublicKey: []byte(key), RedirectURIs: []string{callback}}); err != nil {
		return err
	}
	fmt.Println(address, base64.StdEncoding.EncodeToString(s.UserinfoCertificate()))
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString(0)
		os.Exit(0)
	}()
	return http.Serve(l, s.Handler())
}

// BenchmarkBackChannel is from the code to mapped attributes and kept evidence, over
// HTTP to eSignet in another process: cpu-ms/op is all the CPU of this process
// meanwhile.
func BenchmarkBackChannel(b *testing.B) {
	public, err := testKey()("client").PublicJWK(esignet.UseSignature)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), besides+"="+string(public))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { in.Close(); _ = cmd.Wait() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	address, certificate, _ := strings.Cut(strings.TrimSpace(line), " ")
	der, err := base64.StdEncoding.DecodeString(certificate)
	if err != nil {
		b.Fatal(err)
	}
	signer, err := x509.ParseCertificate(der)
	if err != nil {
		b.Fatal(err)
	}
	h := newHouse(b, sandbox.V18, setup{client: func(c *esignet.Config) {
		c.Issuer, c.IdentitySystemKeys = address, []esignet.PublicKey{{Key: signer.PublicKey}}
	}, service: func(c *rp.Config) {
		c.Limits = route.Limits{User: route.Limit{PerSecond: 1e6, Burst: 1e6}, Route: route.Limit{PerSecond: 1e6, Burst: 1e6}, All: route.Limit{PerSecond: 1e6, Burst: 1e6}}
	}})
	h.clock.real = true
	handler := h.service.Handler()
	var cpu time.Duration
	n := 0
	for b.Loop() {
		b.StopTimer()
		s := h.start(midwife)
		body, err := json.Marshal(rp.CompleteRequest{Transaction: s.Transaction, Response: h.signIn(s, sandbox.Person{ID: "9900000001"})})
		if err != nil {
			b.Fatal(err)
		}
		r := httptest.NewRequest("POST", "/rp/complete", strings.NewReader(string(body)))
		r.Header = through(midwife, routeSecret)
		w := httptest.NewRecorder()
		before := used(b)
		b.StartTimer()
		handler.ServeHTTP(w, r)
		b.StopTimer()
		cpu += used(b) - before
		n++
		if w.Code != 200 {
			b.Fatal(w.Body.String())
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(cpu.Microseconds())/1000/float64(n), "cpu-ms/op")
}

// used is the CPU that this process has used.
func used(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
