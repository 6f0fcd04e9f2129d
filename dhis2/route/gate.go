package route

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/rs/zerolog"
)

// Config is the gate of one service.
type Config struct {
	// Service names it in metrics: nehrbridge_<service>_calls_total. Lower-case
	// letters. Required.
	Service string
	// Routes are the callers that are let in. Required.
	Routes []Route
	// Limits bound calls. Default to 2 in a second and 20 at once for a user, 50 and
	// 200 for a Route, 100 and 400 in all.
	Limits Limits
	// Patience bounds the work on one call: keep it below the Route's time-out.
	// Defaults to 18 s.
	Patience time.Duration
	// MaxBody bounds what is read of a call, in bytes. Defaults to 16 KiB.
	MaxBody int64

	// Metrics takes the counts; a set of its own when nil.
	Metrics *metrics.Set
	// Log gets one line per call, without any value of a person.
	Log zerolog.Logger
	// Now is the clock, time.Now when nil.
	Now func() time.Time
}

// Route is one caller: a Route of a DHIS2 server.
type Route struct {
	// Name stands in logs and evidence.
	Name string
	// Secret is what the Route sends as ApiToken: 32 characters or more.
	Secret string
}

// minSecret is the length of a Route's secret, in characters.
const minSecret = 32

func (c Config) withDefaults() Config {
	def(&c.Patience, 18*time.Second)
	def(&c.MaxBody, 16<<10)
	c.Limits = c.Limits.withDefaults()
	if c.Metrics == nil {
		c.Metrics = metrics.NewSet()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func def[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

var serviceName = regexp.MustCompile(`^[a-z]+$`)

func (c Config) validate() error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	need(serviceName.MatchString(c.Service), "the service needs a name of lower-case letters")
	need(len(c.Routes) > 0, "no Route: nobody may call")
	names, secrets := map[string]bool{}, map[string]bool{}
	for _, r := range c.Routes {
		need(r.Name != "" && !names[r.Name], "each Route needs a name of its own")
		need(len(r.Secret) >= minSecret, "Route %s: its secret must have %d characters or more", r.Name, minSecret)
		need(!secrets[r.Secret], "Route %s: another Route has this secret too", r.Name)
		names[r.Name], secrets[r.Secret] = true, true
	}
	need(c.Patience > 0 && c.MaxBody > 0, "patience and body need positive bounds")
	return errors.Join(errs...)
}

// Gate stands in front of one service. It is safe for concurrent use.
type Gate struct {
	config  Config
	routes  []known
	limiter *limiter
}

type known struct {
	name   string
	secret [sha256.Size]byte
}

// New makes a gate; the error names everything that is wrong with the
// configuration.
func New(c Config) (*Gate, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	g := &Gate{config: c, limiter: newLimiter(c.Limits)}
	for _, r := range c.Routes {
		g.routes = append(g.routes, known{r.Name, sha256.Sum256([]byte(r.Secret))})
	}
	return g, nil
}

// Caller is who asks, as the Route says.
type Caller struct {
	User  string // name of a DHIS2 user
	Route string // Route.Name
}

type callerKey struct{}

// CallerOf gives who asks, behind a gate; false where there is none.
func CallerOf(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok
}

// Handler puts the gate before a service that reads and answers by itself:
// CallerOf tells it who asks. The context ends when patience does, and a body that
// is too long ends in an *http.MaxBytesError.
func (g *Gate) Handler(service http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Protect(w.Header())
		who, err := g.admit(r)
		if err != nil {
			g.refused(w, "gate", err)
			return
		}
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), callerKey{}, who), g.config.Patience)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(w, r.Body, g.config.MaxBody)
		service.ServeHTTP(w, r)
	})
}

// Protect sets what every answer to a Route has: it is kept nowhere, guessed by
// nobody and shown in no frame.
func Protect(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
}

// admit tells who asks, and counts the call.
func (g *Gate) admit(r *http.Request) (Caller, error) {
	who, err := g.identify(r)
	if err == nil && !g.limiter.allow(who.Route, who.User, g.config.Now()) {
		err = Refuse(CodeLimit, "too many calls")
	}
	return who, err
}

// username is what DHIS2 accepts as one (ValidationUtils.usernameIsValid).
var username = regexp.MustCompile(`^[-_.@a-zA-Z0-9]{2,255}$`)

// identify reads which Route calls for which user. Every secret is compared, each
// in constant time, so that neither a prefix nor the place in the list shows.
func (g *Gate) identify(r *http.Request) (Caller, error) {
	given := ""
	if h := r.Header.Values("Authorization"); len(h) == 1 {
		scheme, secret, _ := strings.Cut(h[0], " ")
		if strings.EqualFold(scheme, "ApiToken") || strings.EqualFold(scheme, "Bearer") {
			given = secret
		}
	}
	sum := sha256.Sum256([]byte(given))
	name := ""
	for i := range g.routes {
		if subtle.ConstantTimeCompare(sum[:], g.routes[i].secret[:]) == 1 {
			name = g.routes[i].name
		}
	}
	if given == "" || name == "" {
		return Caller{}, Refuse(CodeRoute, "not called through a Route that is known")
	}
	users := r.Header.Values("X-Forwarded-User")
	if len(users) != 1 || !username.MatchString(users[0]) {
		return Caller{}, Refuse(CodeUser, "the Route does not say which user calls")
	}
	return Caller{User: users[0], Route: name}, nil
}

// WriteMetrics writes nehrbridge_<service>_calls_total by call and result (done, or
// the code of the refusal), in Prometheus text format. Who gave Config.Metrics
// writes it himself.
func (g *Gate) WriteMetrics(w io.Writer) { g.config.Metrics.WritePrometheus(w) }

// Count counts a call by what came of it.
func (g *Gate) Count(call string, err error) {
	result := "done"
	if err != nil {
		result = string(refusalOf(err).Code)
	}
	g.config.Metrics.GetOrCreateCounter(`nehrbridge_` + g.config.Service + `_calls_total{call="` + call + `", result="` + result + `"}`).Inc()
}
