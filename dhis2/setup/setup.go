package setup

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// Administrator is a server asked as somebody who may change it; *api.Client is
// one.
type Administrator interface {
	Server
	SystemInfo(ctx context.Context) (*dhis2.SystemInfo, error)
	Me(ctx context.Context) (*api.Me, error)
}

// TokenMaker makes a personal access token of whoever it signs in as; *api.Client
// is one.
type TokenMaker interface {
	NewToken(ctx context.Context, expires time.Time, methods ...string) (*api.Token, error)
}

// Config is one setup.
type Config struct {
	// Server is asked as an administrator. Required.
	Server Administrator

	// URL names the server in the record.
	URL string

	// SignIn gives the server as asked by another user, to make that user's token.
	// Required with Wanted.Account.
	SignIn func(username, password string) (TokenMaker, error)

	// Record keeps what was before. Required.
	Record Store

	Wanted

	// Rand makes passwords; crypto/rand when nil. Now is the clock, time.Now when
	// nil.
	Rand io.Reader
	Now  func() time.Time
}

// Plan is what is to be done, or was.
type Plan struct {
	Version  string   `json:"version"`
	SystemID string   `json:"system_id"`
	Steps    []*Step  `json:"steps"`
	Notes    []Note   `json:"by_hand"`
	DHISConf string   `json:"dhis_conf,omitzero"`
	Redirect string   `json:"redirect_uri,omitzero"`   // of the client at eSignet
	Lacking  []string `json:"rights_lacking,omitzero"` // authorities of DHIS2 that the administrator has not
	Token    *Token   `json:"token,omitzero"`
}

// Token is a token that was made. Its key is nowhere else.
type Token struct {
	Username string    `json:"username"`
	Key      string    `json:"key,omitzero"`
	Expires  time.Time `json:"expires"`
}

// RightsError says that the administrator may not do all of a plan. Nothing was
// changed.
type RightsError struct{ Authorities []string }

func (e *RightsError) Error() string {
	return "dhis2/setup: nothing was changed: the administrator lacks " + strings.Join(e.Authorities, ", ")
}

// StepError says which step failed. What was done before it is recorded: a further
// run goes on, an undo takes it back.
type StepError struct {
	Item string
	Err  error
}

func (e *StepError) Error() string { return "dhis2/setup: " + e.Item + ": " + e.Err.Error() }
func (e *StepError) Unwrap() error { return e.Err }

// ErrNotDone says that the server accepted a request, and what it was to change is
// not so: somebody else writes at the same time, or the release works otherwise.
var ErrNotDone = errors.New("the server accepted it, and it is not so: somebody changes it at the same time, or this release wants it done by hand")

// Setup brings one server to what is wanted, and back.
type Setup struct {
	cfg      Config
	rec      *Record
	password string // of the user, where this run made him
}

// New checks the configuration. It asks nothing.
func New(cfg Config) (*Setup, error) {
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if a := cfg.Account; a != nil {
		if cfg.SignIn == nil {
			return nil, errors.New("dhis2/setup: SignIn is needed with Account")
		}
		if a.TokenFor == 0 {
			account := *a
			account.TokenFor = 365 * 24 * time.Hour
			cfg.Account = &account
		}
	}
	if cfg.Server == nil || cfg.Record == nil {
		return nil, errors.New("dhis2/setup: Server and Record are needed")
	}
	if err := cfg.Wanted.validate(); err != nil {
		return nil, err
	}
	return &Setup{cfg: cfg}, nil
}

// Plan says what Apply would do. It changes nothing.
func (s *Setup) Plan(ctx context.Context) (*Plan, error) {
	p, _, err := s.plan(ctx)
	return p, err
}

func (s *Setup) plan(ctx context.Context) (*Plan, []*Item, error) {
	f, err := survey(ctx, s.cfg.Server, &s.cfg.Wanted)
	if err != nil {
		return nil, nil, err
	}
	if err := s.load(f.info.SystemID); err != nil {
		return nil, nil, err
	}
	all, notes := items(&s.cfg.Wanted, f)
	p := &Plan{Version: f.info.Version, SystemID: f.info.SystemID, Steps: []*Step{}, Notes: notes, DHISConf: dhisConf(&s.cfg.Wanted, f)}
	if len(s.cfg.Forms) > 0 {
		p.Redirect = CallbackURL(browserURL(&s.cfg.Wanted, f))
	}
	doable := []*Item{}
	for _, it := range all {
		found, err := it.read(ctx, s.cfg.Server)
		if err != nil {
			if it.Kind == KindForm && !isAnswer(err) {
				p.Notes = append(p.Notes, Note{"must", it.Title, err.Error()})
				continue
			}
			return nil, nil, &StepError{it.Title, err}
		}
		st, err := it.plan(found, s.rec.find(it))
		if it.Kind == KindToken && s.makesToken(it, p.Steps) {
			st = tokenStep(it)
		}
		if err != nil {
			p.Notes = append(p.Notes, Note{"must", it.Title, err.Error()})
			continue
		}
		doable = append(doable, it)
		if st == nil {
			continue
		}
		p.Steps = append(p.Steps, st)
		for _, a := range st.needs(f.me.Authorities) {
			if !slices.Contains(p.Lacking, a) {
				p.Lacking = append(p.Lacking, a)
			}
		}
	}
	return p, doable, nil
}

// isAnswer tells a server's failure from a state that cannot be worked with.
func isAnswer(err error) bool {
	_, refused := errors.AsType[*api.Error](err)
	_, away := errors.AsType[*api.UnreachableError](err)
	return refused || away || errors.Is(err, context.Canceled)
}

// makesToken reports whether the user's token is to be made: setup made the user,
// or is about to (steps), and no token yet.
func (s *Setup) makesToken(it *Item, steps []*Step) bool {
	user := s.rec.find(&Item{Kind: KindObject, Collection: "users", ID: it.ID})
	made := user != nil && absent(user.Before) || slices.ContainsFunc(steps, func(st *Step) bool {
		return st.Does == "create" && st.Path == "/api/users"
	})
	return made && (s.rec.find(it) == nil || s.cfg.Account.NewToken)
}

func tokenStep(it *Item) *Step {
	return &Step{Item: it.Title, Does: "create", Method: http.MethodPost, Path: "/api/apiToken"}
}

// load reads the record and holds it against the server.
func (s *Setup) load(systemID string) error {
	var err error
	if s.rec, err = s.cfg.Record.Load(); err != nil {
		return err
	}
	if s.rec.SystemID != "" && s.rec.SystemID != systemID {
		return ErrOtherServer
	}
	s.rec.SystemID, s.rec.URL = systemID, s.cfg.URL
	return nil
}

// Apply does what is to be done. Rights that are lacking are a *RightsError before
// anything is changed; a step that fails is a *StepError, with the plan as far as
// it came.
func (s *Setup) Apply(ctx context.Context) (*Plan, error) {
	p, all, err := s.plan(ctx)
	if err != nil {
		return p, err
	}
	if len(p.Lacking) > 0 {
		return p, &RightsError{p.Lacking}
	}
	p.Steps = []*Step{}
	for _, it := range all {
		if it.Kind == KindToken {
			err = s.token(ctx, it, p)
		} else {
			err = s.bring(ctx, it, p)
		}
		if err != nil {
			return p, &StepError{it.Title, err}
		}
	}
	for _, r := range s.cfg.Routes {
		s.reach(ctx, r, p)
	}
	return p, nil
}

// reach asks through a Route whether DHIS2 reaches what is behind it. Whatever the
// other side answers, it was reached.
func (s *Setup) reach(ctx context.Context, r Route, p *Plan) {
	_, err := s.cfg.Server.Read(ctx, "/api/routes/"+r.Code+"/run", nil)
	e, ok := errors.AsType[*api.Error](err)
	if !ok {
		return
	}
	why := map[int]string{
		http.StatusBadGateway:         "DHIS2 does not reach it: is the service running, and is its address right for DHIS2's server?",
		http.StatusServiceUnavailable: "DHIS2 does not let it through: the address is not in route.remote_servers_allowed of dhis.conf",
		http.StatusGatewayTimeout:     "no answer in time from behind it",
	}[e.Status]
	if why != "" {
		p.Notes = append(p.Notes, Note{"must", "Route " + r.Code, why})
	}
}

// tries bounds how often something is written that somebody else writes too.
const tries = 3

// bring reads an item, writes it where that is needed, and reads it again.
func (s *Setup) bring(ctx context.Context, it *Item, p *Plan) error {
	wrote := false
	for n := 0; ; n++ {
		found, err := it.read(ctx, s.cfg.Server)
		if err != nil {
			return err
		}
		if it.Collection == "users" && absent(found) {
			if err := s.newPassword(it); err != nil {
				return err
			}
		}
		st, err := it.plan(found, s.rec.find(it))
		if err != nil {
			return err
		}
		if st == nil {
			if !wrote {
				return nil
			}
			return s.confirm(it, found)
		}
		if n == tries {
			return ErrNotDone
		}
		s.rec.note(it, found, st.after)
		if err := s.cfg.Record.Save(s.rec); err != nil {
			return err
		}
		p.Steps = append(p.Steps, st)
		if err := st.do(ctx, s.cfg.Server); err != nil {
			if refused(err) && it.Kind == KindForm {
				continue // somebody was faster: what is there now is read again
			}
			return err
		}
		st.Done, wrote = true, true
	}
}

// confirm records how the server shows what was just written: with members that it
// adds. Of a form what was sent is all there is, and what more is found is
// somebody else's.
func (s *Setup) confirm(it *Item, found jsontext.Value) error {
	if it.Kind == KindForm {
		return nil
	}
	rec := s.rec.find(it)
	rec.After, rec.Confirmed = found, true
	return s.cfg.Record.Save(s.rec)
}

// refused tells a 409 of the server.
func refused(err error) bool {
	e, ok := errors.AsType[*api.Error](err)
	return ok && e.Status == http.StatusConflict
}

// newPassword gives the user who is made a password that nobody is told.
func (s *Setup) newPassword(it *Item) error {
	b := make([]byte, 30)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		return fmt.Errorf("make a password: %w", err)
	}
	s.password = "Aa1-" + base64.RawURLEncoding.EncodeToString(b) // of every kind that DHIS2 asks for
	it.secret = secret{"password", encoded(s.password), encoded("(secret)")}
	return nil
}

// token makes the token of a user whom setup made, unless it made one before.
func (s *Setup) token(ctx context.Context, it *Item, p *Plan) error {
	if !s.makesToken(it, nil) {
		return nil
	}
	a := s.cfg.Account
	if s.password == "" { // an earlier run made the user and came no further
		if err := s.newPassword(&Item{}); err != nil {
			return err
		}
		st := patch(&Item{Title: it.Title, ID: it.ID}, "change", "users", nil, operation{Op: "add", Path: "/password", Value: encoded("(secret)")})
		st.sent = encoded([]operation{{Op: "add", Path: "/password", Value: encoded(s.password)}})
		p.Steps = append(p.Steps, st)
		if err := st.do(ctx, s.cfg.Server); err != nil {
			return err
		}
		st.Done = true
	}
	as, err := s.cfg.SignIn(a.Username, s.password)
	if err != nil {
		return err
	}
	st := tokenStep(it)
	p.Steps = append(p.Steps, st)
	methods := []string{"GET"}
	if a.Writes {
		methods = append(methods, "POST")
	}
	expires := s.cfg.Now().Add(a.TokenFor)
	made, err := as.NewToken(ctx, expires, methods...)
	if err != nil {
		return err
	}
	st.Done = true
	p.Token = &Token{a.Username, made.Key, expires.UTC().Truncate(time.Second)}
	older := ""
	if e := s.rec.find(it); e != nil {
		older = text(members(e.After)["uid"])
	}
	s.rec.note(it, nil, encoded(map[string]string{"uid": made.ID}))
	s.rec.find(it).Confirmed = true
	if err := s.cfg.Record.Save(s.rec); err != nil || older == "" {
		return err
	}
	st = &Step{Item: it.Title, Does: "remove", Method: http.MethodDelete, Path: "/api/apiToken/" + older}
	p.Steps = append(p.Steps, st)
	if st.do(ctx, s.cfg.Server) == nil {
		st.Done = true
	} else { // only its owner and superusers may
		p.Notes = append(p.Notes, Note{"must", it.Title, "the older token " + printable(older) + " could not be deleted and is good until it expires: delete it by hand"})
	}
	return nil
}

// Undo takes back what is recorded, the last first. What somebody changed since is
// named in the notes. It needs no more of Wanted than the server.
func (s *Setup) Undo(ctx context.Context) (*Plan, error) {
	info, err := s.cfg.Server.SystemInfo(ctx)
	if err != nil {
		return nil, err
	}
	me, err := s.cfg.Server.Me(ctx)
	if err != nil {
		return nil, err
	}
	p := &Plan{Version: info.Version, SystemID: info.SystemID, Steps: []*Step{}, Notes: []Note{}}
	if err := s.load(info.SystemID); err != nil {
		return p, err
	}
	for _, e := range slices.Backward(s.rec.Entries) { // rights first
		found, err := e.read(ctx, s.cfg.Server)
		if err != nil {
			return p, &StepError{e.Title, err}
		}
		if st, _, _ := e.undo(found); st != nil {
			p.Lacking = append(p.Lacking, st.needs(me.Authorities)...)
		}
	}
	if slices.Sort(p.Lacking); len(p.Lacking) > 0 {
		p.Lacking = slices.Compact(p.Lacking)
		return p, &RightsError{p.Lacking}
	}
	for _, e := range slices.Backward(slices.Clone(s.rec.Entries)) {
		if err := s.takeBack(ctx, e, p); err != nil {
			return p, &StepError{e.Title, err}
		}
	}
	return p, nil
}

// takeBack undoes one entry and forgets it.
func (s *Setup) takeBack(ctx context.Context, e *Entry, p *Plan) error {
	for range tries {
		found, err := e.read(ctx, s.cfg.Server)
		if err != nil {
			return err
		}
		st, say, keep := e.undo(found)
		if st == nil {
			if say != "" {
				p.Notes = append(p.Notes, Note{"know", e.Title, say})
			}
			if keep {
				return nil
			}
			return s.forget(e)
		}
		p.Steps = append(p.Steps, st)
		if err := st.do(ctx, s.cfg.Server); err != nil {
			if refused(err) && st.Does == "remove" && e.Kind == KindObject {
				p.Notes = append(p.Notes, Note{"should", e.Title, leftUsed})
				return nil
			}
			return err
		}
		st.Done = true
		if say != "" {
			p.Notes = append(p.Notes, Note{"should", e.Title, say})
		}
	}
	found, err := e.read(ctx, s.cfg.Server)
	if err != nil {
		return err
	}
	if st, _, _ := e.undo(found); st != nil {
		return ErrNotDone
	}
	return s.forget(e)
}

func (s *Setup) forget(e *Entry) error {
	s.rec.Entries = slices.DeleteFunc(s.rec.Entries, func(o *Entry) bool { return o == e })
	return s.cfg.Record.Save(s.rec)
}
