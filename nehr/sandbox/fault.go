package sandbox

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// FaultKind is a way in which a request goes wrong.
type FaultKind string

// The faults. Of those marked "after", the request is carried out all the same,
// and only its answer is lost: what a client must not take for a refusal.
const (
	Slow               FaultKind = "slow"                // the request waits for Fault.Delay, or until the client gives up
	TooManyRequests    FaultKind = "too-many-requests"   // 429 with Retry-After
	FailBefore         FaultKind = "fail-before"         // 5xx, nothing was carried out
	FailAfter          FaultKind = "fail-after"          // after: 5xx
	CutBody            FaultKind = "cut-body"            // after: the connection breaks half-way through the answer
	Conflict           FaultKind = "conflict"            // 409
	PreconditionFailed FaultKind = "precondition-failed" // 412
	HTML               FaultKind = "html"                // 200 with a page of a proxy, nothing was carried out
	Reset              FaultKind = "reset"               // the connection is reset, nothing was carried out
	LoseAnswer         FaultKind = "lose-answer"         // after: the connection ends before the answer begins
	Garbage            FaultKind = "garbage"             // after: the answer is no JSON
	WrongShape         FaultKind = "wrong-shape"         // after: 200 with an OperationOutcome in the answer's place
	WrongType          FaultKind = "wrong-type"          // after: the answer is said to be text/plain
	Reorder            FaultKind = "reorder"             // after: the entries of the answer come the other way round
	DropEntry          FaultKind = "drop-entry"          // after: the last entry of the answer is missing
)

// Fault makes some requests go wrong.
type Fault struct {
	Kind FaultKind
	// Match chooses the requests by head and body; all when nil. [Transactions]
	// is one choice.
	Match func(r *http.Request, body []byte) bool
	// Probability that a request chosen is struck, above 0 and up to 1; 0 means 1.
	Probability float64
	// Times is how many requests are struck at most; 0 means without end.
	Times int
	// Delay of Slow; 1 s when 0.
	Delay time.Duration
	// RetryAfter is sent with TooManyRequests and FailBefore, in whole seconds;
	// of TooManyRequests 1 s when 0, of FailBefore none.
	RetryAfter time.Duration
	// Status of FailBefore and FailAfter; 503 and 502 when 0.
	Status int
}

// Transactions chooses the bundles of type transaction.
func Transactions(r *http.Request, body []byte) bool {
	if r.Method != http.MethodPost {
		return false
	}
	v, err := fhirjson.Parse(body)
	return err == nil && v.Get("resourceType").Str() == "Bundle" && v.Get("type").Str() == "transaction"
}

// faults are the switches of a server.
type faults struct {
	mu     sync.Mutex
	list   []Fault
	rand   *rand.Rand
	struck map[FaultKind]int
}

// Break sets the faults from now on, in the place of those before; without any
// the server is well again. Of several that strike a request the first does. The
// seed makes the same requests, in the same order, suffer the same.
func (s *Server) Break(seed uint64, list ...Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append([]Fault(nil), list...)
	s.faults.rand = rand.New(rand.NewPCG(seed, 0))
	s.faults.struck = map[FaultKind]int{}
}

// Struck counts the requests that went wrong since Break, by kind.
func (s *Server) Struck() map[FaultKind]int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return maps.Clone(s.faults.struck)
}

// draw decides what a request suffers; false: nothing.
func (f *faults) draw(r *http.Request, body []byte) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.list {
		at := &f.list[i]
		if at.Times < 0 || at.Match != nil && !at.Match(r, body) {
			continue
		}
		if at.Probability > 0 && f.rand.Float64() >= at.Probability {
			continue
		}
		if at.Times == 1 {
			at.Times = -1 // used up
		} else if at.Times > 1 {
			at.Times--
		}
		f.struck[at.Kind]++
		return *at, true
	}
	return Fault{}, false
}

func (f *faults) any() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.list) > 0
}

// suffer puts the faults before a handler.
func (s *Server) suffer(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.faults.any() {
			next(w, r)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.config.MaxBody+1))
		if err != nil { // the handler meets the same error, and answers it
			r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
			next(w, r)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if f, ok := s.faults.draw(r, body); ok {
			s.strike(f, next, w, r)
			return
		}
		next(w, r)
	}
}

// strike carries a fault out.
func (s *Server) strike(f Fault, next http.HandlerFunc, w http.ResponseWriter, r *http.Request) {
	refused := func(status int, code string) {
		s.write(w, r, answer{status: status, body: outcome("error", code, "a fault of the sandbox")})
	}
	retryAfter := func(d time.Duration) {
		if d > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int((d+time.Second-1)/time.Second)))
		}
	}
	switch f.Kind {
	case Slow:
		wait := time.NewTimer(cmp.Or(f.Delay, time.Second))
		defer wait.Stop()
		select {
		case <-wait.C:
			next(w, r)
		case <-r.Context().Done():
		}
	case TooManyRequests:
		retryAfter(cmp.Or(f.RetryAfter, time.Second))
		refused(http.StatusTooManyRequests, "throttled")
	case FailBefore:
		retryAfter(f.RetryAfter)
		refused(cmp.Or(f.Status, http.StatusServiceUnavailable), "transient")
	case FailAfter:
		next(&kept{header: http.Header{}}, r)
		refused(cmp.Or(f.Status, http.StatusBadGateway), "exception")
	case CutBody:
		k := &kept{header: http.Header{}}
		next(k, r)
		maps.Copy(w.Header(), k.header)
		w.Header().Set("Content-Length", strconv.Itoa(max(2, k.body.Len())))
		w.WriteHeader(cmp.Or(k.status, http.StatusOK))
		_, _ = w.Write(k.body.Bytes()[:k.body.Len()/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case Garbage, WrongShape, WrongType, Reorder, DropEntry:
		k := &kept{header: http.Header{}}
		next(k, r)
		k.distort(f.Kind)
		maps.Copy(w.Header(), k.header)
		w.WriteHeader(cmp.Or(k.status, http.StatusOK))
		_, _ = w.Write(k.body.Bytes())
	case Reset:
		hangUp(w)
	case LoseAnswer:
		next(&kept{header: http.Header{}}, r)
		hangUp(w)
	case Conflict:
		refused(http.StatusConflict, "conflict")
	case PreconditionFailed:
		refused(http.StatusPreconditionFailed, "conflict")
	case HTML:
		w.Header().Set("X-Sandbox", Banner)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!DOCTYPE html><title>Log in</title><p>A page in the place of an answer.</p>")
	default:
		refused(http.StatusInternalServerError, "exception")
	}
}

// kept holds back an answer.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header         { return k.header }
func (k *kept) WriteHeader(status int)      { k.status = cmp.Or(k.status, status) }
func (k *kept) Write(b []byte) (int, error) { return k.body.Write(b) }

// distort changes an answer that was made.
func (k *kept) distort(kind FaultKind) {
	replace := func(body []byte) {
		k.body.Reset()
		k.body.Write(body)
	}
	switch kind {
	case Garbage:
		replace([]byte(`{"resourceType":`))
	case WrongShape:
		k.status = http.StatusOK
		replace(outcome("information", "informational", "a fault of the sandbox").Encode())
	case WrongType:
		k.header.Set("Content-Type", "text/plain")
	case Reorder, DropEntry:
		v, err := fhirjson.Parse(k.body.Bytes())
		entries := v.Get("entry").Items()
		if err != nil || len(entries) == 0 {
			return
		}
		if kind == Reorder {
			slices.Reverse(entries)
		} else {
			entries = entries[:len(entries)-1]
		}
		v.Set("entry", fhirjson.List(entries...))
		replace(v.Encode())
	}
}

// hangUp closes a connection without the farewell of TCP.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 resets the stream
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
