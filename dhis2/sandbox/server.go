package sandbox

import (
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Name is what the header X-Sandbox, the system information and the first
// page call the server.
const Name = "nehrbridge DHIS2 sandbox"

// Server is one sandbox. It is safe for use by many goroutines.
type Server struct {
	cfg   Config
	minor int // 42 of 2.42
	mux   *http.ServeMux

	mu       sync.Mutex // guards all below
	offset   time.Duration
	rand     *rand.Rand
	store    store
	meta     metadata
	users    []User
	faults   []*Fault
	holding  bool // HoldBumps
	held     []heldBump
	jobs     map[string]*importReport
	routes   []*Route
	rewrite  Rewrite
	data     map[string]map[string]*dataEntry // namespace, key
	apps     map[string]*app
	objects  map[string]map[string]map[string]any // plural, id
	tokens   map[string]apiToken                  // key
	reserved map[dhis2.UID]map[string]time.Time   // generated values, until when

	providers    []*oidcProvider
	sessions     map[string]*session
	loginFailure string
}

// New returns a server without people. Load fills it.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg:      cfg,
		rand:     rand.New(rand.NewPCG(cfg.Seed, 0x64686973)),
		store:    newStore(),
		users:    cfg.Users,
		jobs:     map[string]*importReport{},
		data:     map[string]map[string]*dataEntry{},
		apps:     map[string]*app{},
		objects:  map[string]map[string]map[string]any{},
		tokens:   map[string]apiToken{},
		reserved: map[dhis2.UID]map[string]time.Time{},
		meta:     metadata{rows: map[rowKey]attributeRow{}, grants: map[dhis2.UID]map[string]Grant{}, public: map[dhis2.UID]string{}, members: map[dhis2.UID]map[string]any{}},

		sessions: map[string]*session{},
	}
	s.minor, _ = minorOf(cfg.Version)
	s.register()
	return s, nil
}

func (s *Server) register() {
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("GET /{$}", s.firstPage)
	s.mux.HandleFunc("GET /sandbox.css", stylesheet)
	s.mux.HandleFunc("GET /dhis-web-login/{$}", s.loginPage)
	s.mux.HandleFunc("GET /dhis-web-commons/security/login.action", s.loginPage)
	s.mux.HandleFunc("GET /dhis-web-dashboard/{$}", s.dashboard)
	s.mux.HandleFunc("GET /dhis-web-capture/{$}", s.capture)
	s.mux.HandleFunc("GET /dhis-web-capture/{file}", captureFile)
	s.mux.HandleFunc("POST /dhis-web-commons-security/login.action", s.formLogin)
	s.mux.HandleFunc("POST /dhis-web-commons-security/logout.action", s.logout)
	s.mux.HandleFunc("POST /api/auth/login", s.jsonLogin)
	s.mux.HandleFunc("GET /api/loginConfig", s.loginConfig)
	s.mux.HandleFunc("GET /oauth2/authorization/{id}", s.startLogin)
	s.mux.HandleFunc("GET /oauth2/code/{id}", s.finishLogin)
	s.mux.HandleFunc("GET /api/publicKeys/{id}/jwks", s.publicKeys)
	s.api("GET /api/system/info", s.systemInfo)
	s.api("GET /api/me", s.me)
	s.api("GET /api/userSettings", s.userSettings)
	s.api("POST /api/userSettings/{key}", s.setUserSetting)
	s.api("GET /api/tracker/trackedEntities", s.listTrackedEntities)
	s.api("GET /api/tracker/trackedEntities/{uid}", s.trackedEntity)
	s.api("GET /api/tracker/enrollments", s.listEnrollments)
	s.api("GET /api/tracker/enrollments/{uid}", s.enrollment)
	s.api("GET /api/tracker/events", s.listEvents)
	s.api("GET /api/tracker/events/{uid}", s.event)
	s.api("POST /api/tracker", s.importTracker)
	s.api("POST /api/tracker/enrollments/{uid}/note", s.leaveNote)
	s.api("POST /api/tracker/events/{uid}/note", s.leaveNote)
	s.api("POST /api/enrollments/{uid}/note", s.leaveNotes)
	s.api("POST /api/events/{uid}/note", s.leaveNotes)
	s.api("GET /api/tracker/jobs/{id}", s.importJob)
	s.api("GET /api/tracker/jobs/{id}/report", s.importJobReport)
	s.api("GET /api/programs", s.listPrograms)
	s.api("GET /api/programs/{uid}", s.program)
	s.api("PATCH /api/programs/{uid}", s.patchProgram)
	get, patch := s.shared("program.ProgramStage", s.stageName)
	s.api("GET /api/programStages/{uid}", get)
	s.api("PATCH /api/programStages/{uid}", patch)
	get, patch = s.shared("trackedentity.TrackedEntityType", s.typeName)
	s.api("GET /api/trackedEntityTypes/{uid}", get)
	s.api("PATCH /api/trackedEntityTypes/{uid}", patch)
	s.registerObjects()
	s.api("GET /api/trackedEntityAttributes/{uid}/requiredValues", s.requiredValues)
	s.api("GET /api/trackedEntityAttributes/{uid}/generate", s.generate)
	s.api("GET /api/trackedEntityAttributes/{uid}/generateAndReserve", s.generateAndReserve)
	s.api("GET /api/optionSets", s.listOptionSets)
	s.api("GET /api/dataElements", s.listDataElements)
	s.api("GET /api/organisationUnits", s.listOrganisationUnits)
	s.api("GET /api/users", s.listUsers)
	s.api("POST /api/users", s.createUser)
	s.api("GET /api/users/{uid}", s.userByID)
	s.api("PATCH /api/users/{uid}", s.patchUser)
	s.api("DELETE /api/users/{uid}", s.deleteUser)
	s.api("POST /api/apiToken", s.createToken)
	s.api("DELETE /api/apiToken/{uid}", s.deleteToken)
	s.api("GET /api/configuration/corsWhitelist", s.corsWhitelist)
	s.api("GET /api/routes", s.listRoutes)
	s.api("POST /api/routes", s.createRoute)
	s.api("GET /api/routes/{id}", s.route)
	s.api("PUT /api/routes/{id}", s.updateRoute)
	s.api("DELETE /api/routes/{id}", s.deleteRoute)
	s.mux.HandleFunc("/api/routes/{id}/run", s.runRoute)
	s.mux.HandleFunc("/api/routes/{id}/run/{path...}", s.runRoute)
	s.api("GET /api/dataStore", s.dataNamespaces)
	s.api("GET /api/dataStore/{namespace}", s.dataKeys)
	s.api("GET /api/dataStore/{namespace}/keys", s.dataKeys)
	s.api("DELETE /api/dataStore/{namespace}", s.deleteData)
	s.api("GET /api/dataStore/{namespace}/{key}", s.dataValue)
	s.api("GET /api/dataStore/{namespace}/{key}/metaData", s.dataMetadata)
	s.api("POST /api/dataStore/{namespace}/{key}", s.putData)
	s.api("PUT /api/dataStore/{namespace}/{key}", s.putData)
	s.api("DELETE /api/dataStore/{namespace}/{key}", s.deleteData)
	s.api("GET /api/apps", s.listApps)
	s.api("POST /api/apps", s.installApp)
	s.api("DELETE /api/apps/{key}", s.deleteApp)
	s.mux.HandleFunc("GET /api/apps/{key}/{path...}", s.serveApp)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, notFound("no such resource in the sandbox"))
	})
}

// api registers a handler that needs an account. It runs under the lock.
func (s *Server) api(pattern string, h func(*User, *http.Request) (any, *problem)) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		user := s.authenticate(r)
		var body any
		var p *problem
		if user == nil {
			p = unauthorized(r)
		} else {
			body, p = h(user, r)
		}
		s.mu.Unlock()
		if p != nil {
			writeProblem(w, p)
			return
		}
		if done, ok := body.(reply); ok {
			writeReply(w, done)
			return
		}
		writeJSON(w, http.StatusOK, body)
	})
}

// versioned is the optional number in /api/42/….
var versioned = regexp.MustCompile(`^/api/(2[89]|3\d|4[0-4])/`)

// verbatim are addresses in which ".json" is part of a name.
var verbatim = regexp.MustCompile(`^/api/(routes/[^/]+/run/|apps/[^/]+/|dataStore/)`)

// Handler serves the API and a first page.
func (s *Server) Handler() http.Handler {
	served := s.rewriting(s.mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Sandbox", Name)
		w.Header().Set("Cache-Control", "no-store")
		path := versioned.ReplaceAllString(r.URL.Path, "/api/")
		if rest, ok := strings.CutSuffix(path, ".json"); ok && strings.HasPrefix(path, "/api/") && !verbatim.MatchString(path) {
			path = rest
		}
		if path != r.URL.Path {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = path, ""
		}
		if fault := s.takeFault(r); fault != nil {
			fault.serve(w, r, served)
			return
		}
		served.ServeHTTP(w, r)
	})
}

// Advance moves the clock on.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

// Now is the server's time.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Server) now() time.Time { return s.cfg.Now().Add(s.offset).In(s.cfg.Zone) }

// wall is how DHIS2 writes a time: wall time of the server's zone without an
// offset. Rows are compared by it too, as the database does, so a fall-back
// hour is ambiguous here as it is there.
const wall = "2006-01-02T15:04:05.000"

func (s *Server) stamp() dhis2.Timestamp { return dhis2.Timestamp(s.now().Format(wall)) }
