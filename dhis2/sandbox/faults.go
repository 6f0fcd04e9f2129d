package sandbox

import (
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FaultKind is a way in which servers, proxies and networks fail.
type FaultKind int

// The kinds of faults.
const (
	FaultStatus     FaultKind = iota // answers Fault.Status with a proxy's HTML page, or DHIS2's JSON where Code is given
	FaultReset                       // closes the connection with RST before an answer
	FaultCut                         // closes the connection in the middle of the true answer
	FaultHang                        // does not answer until the client gives up
	FaultSlow                        // gives the true answer after Fault.Delay, if the client still waits
	FaultLoseAnswer                  // carries the request out and closes the connection instead of answering
	FaultLogin                       // 302 to the login page: the session is gone
	FaultLoginPage                   // 200 with the HTML of the login page
	FaultGarbage                     // 200 with JSON that ends in the middle
	FaultHuge                        // 200 with a JSON document of Fault.Size bytes
)

// Fault makes requests fail.
type Fault struct {
	Kind       FaultKind
	Method     string        // "" is any
	Path       string        // prefix of the path; "" is any
	Skip       int           // this many requests pass before
	Times      int           // then this many fail; 0 is until Clear
	Status     int           // of FaultStatus
	Code       string        // of FaultStatus: DHIS2 error code in a JSON answer
	Message    string        // of FaultStatus with Code
	Delay      time.Duration // of FaultSlow
	RetryAfter time.Duration // of FaultStatus, in whole seconds; 0 sends no header
	Size       int           // of FaultHuge
}

// Inject adds a fault. Faults are tried in the order in which they came.
func (s *Server) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults makes the server sound again.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Server) takeFault(r *http.Request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if (f.Method != "" && f.Method != r.Method) || !strings.HasPrefix(r.URL.Path, f.Path) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		taken := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
		}
		return &taken
	}
	return nil
}

func (f *Fault) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	switch f.Kind {
	case FaultStatus:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)))
		}
		if f.Code != "" || f.Message != "" {
			writeProblem(w, &problem{status: f.Status, code: f.Code, message: f.Message})
			return
		}
		proxyPage(w, f.Status)
	case FaultReset:
		reset(w)
	case FaultCut:
		whole := httptest.NewRecorder()
		next.ServeHTTP(whole, r)
		body := whole.Body.Bytes()
		w.Header().Set("Content-Type", whole.Header().Get("Content-Type"))
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(whole.Code)
		w.Write(body[:len(body)/2])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case FaultHang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case FaultSlow:
		wait := time.NewTimer(f.Delay)
		defer wait.Stop()
		select {
		case <-wait.C:
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	case FaultLoseAnswer:
		next.ServeHTTP(httptest.NewRecorder(), r)
		reset(w)
	case FaultLogin:
		http.Redirect(w, r, "/dhis-web-login/", http.StatusFound)
	case FaultLoginPage:
		writeLogin(w)
	case FaultGarbage:
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"trackedEntity":"`))
	case FaultHuge:
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"filling":"`))
		w.Write([]byte(strings.Repeat("x", max(0, f.Size-14))))
		w.Write([]byte(`"}`))
	}
}

// reset closes a connection without the farewell of TCP.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}
