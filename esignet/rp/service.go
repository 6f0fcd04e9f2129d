package rp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

// Service is the relying party behind DHIS2's Routes.
type Service struct {
	config   Config
	programs map[dhis2.UID]program
	open     *transactions
	gate     *route.Gate
	meter    *meter
}

type program struct {
	client *Client
	mapper *claims.Mapper
}

// New makes a service; the error names everything that is wrong with the
// configuration.
func New(c Config) (*Service, error) {
	c = c.withDefaults()
	s := &Service{config: c, programs: map[dhis2.UID]program{}, open: newTransactions(c)}
	s.meter = newMeter(s)
	var err error
	s.gate, err = route.New(route.Config{Service: "rp", Routes: c.Routes, Limits: c.Limits, Patience: c.Patience, Metrics: s.meter.set, Log: c.Log, Now: c.Now})
	if err := errors.Join(c.validate(), err); err != nil {
		return nil, fmt.Errorf("relying party: %w", err)
	}
	for i := range c.Clients {
		client := &c.Clients[i]
		def(&client.Display, "popup")
		for _, m := range client.Programs {
			s.programs[m.Program()] = program{client, m}
		}
	}
	return s, nil
}

// Run sweeps what is over, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		s.sweep(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (s *Service) sweep(ctx context.Context) {
	s.open.full(s.config.Now()) // sweeps
	deleted, err := s.config.Vault.Sweep(ctx)
	if err != nil && ctx.Err() == nil {
		s.config.Log.Warn().Err(err).Msg("evidence that was kept long enough is not deleted")
	}
	if deleted > 0 {
		s.config.Log.Info().Int64("records", deleted).Msg("evidence was kept long enough and is deleted")
	}
}

// Open is the number of sign-ins under way.
func (s *Service) Open() int { return s.open.open() }

// StartRequest asks to verify a person for a form.
type StartRequest struct {
	Program dhis2.UID `json:"program"`
	OrgUnit dhis2.UID `json:"orgUnit"`
	// UILocales are the languages for eSignet's pages, ISO 639-1, at most 5.
	UILocales []string `json:"uiLocales"`
	// Device is phone for a sign-in on her own phone; empty for a window of the form.
	Device string `json:"device,omitzero"`
	// Assisted says that somebody helps her to sign in and to consent.
	Assisted *Assisted `json:"assisted,omitzero"`
}

// Assisted is help in signing in, with who saw that it was her will (D-089).
type Assisted struct {
	Witness string `json:"witness"` // 1 to 100 characters
}

// maxWitness bounds the name of a witness, in characters.
const maxWitness = 100

// valid says that it names a witness.
func (a *Assisted) valid() bool {
	return strings.TrimSpace(a.Witness) != "" && utf8.RuneCountInString(a.Witness) <= maxWitness && !strings.ContainsFunc(a.Witness, unicode.IsControl)
}

// Started is a sign-in under way. Of URL with State, and Phone, it has one.
type Started struct {
	Transaction string `json:"transaction"` // secret: in memory only
	URL         string `json:"url,omitzero"`
	// State is that of the request: with several windows open, each answer belongs to
	// the one whose state it has.
	State   string        `json:"state,omitzero"`
	Phone   *PhoneStarted `json:"phone,omitzero"`
	Expires time.Time     `json:"expires"`
}

func (s *Service) start(ctx context.Context, who route.Caller, r StartRequest) (*Started, error) {
	p, known := s.programs[r.Program]
	switch {
	case r.Program.IsZero() || r.OrgUnit.IsZero():
		return nil, refuse(route.CodeMalformed, "program and orgUnit must be UIDs")
	case len(r.UILocales) > 5:
		return nil, refuse(route.CodeMalformed, "too many languages")
	case r.Device != "" && r.Device != DevicePhone:
		return nil, refuse(route.CodeMalformed, "no such device")
	case r.Assisted != nil && !r.Assisted.valid():
		return nil, refuse(route.CodeMalformed, "the witness wants 1 to 100 characters")
	case !known:
		return nil, refuse(CodeProgram, "no claim map for the program")
	case r.Device == DevicePhone && (s.config.Phone == nil || p.client.Phone == nil):
		return nil, refuse(CodeNoPhone, "no sign-in on her own phone for this program")
	}
	for _, l := range r.UILocales {
		if len(l) != 2 || l[0] < 'a' || l[0] > 'z' || l[1] < 'a' || l[1] > 'z' {
			return nil, refuse(route.CodeMalformed, "uiLocales are not of ISO 639-1")
		}
	}
	if err := s.config.Authority.MayCapture(ctx, who.User, r.Program, r.OrgUnit); err != nil {
		return nil, err
	}
	// Before eSignet is asked: a push costs it memory.
	if s.open.full(s.config.Now()) {
		return nil, refuse(route.CodeLimit, "too many open sign-ins")
	}
	t := &transaction{client: p.client, mapper: p.mapper, user: who.User, route: who.Route, program: r.Program, orgUnit: r.OrgUnit, assisted: r.Assisted}
	if r.Device == DevicePhone {
		return s.startPhone(ctx, t)
	}
	var err error
	if t.attempt, err = p.client.OIDC.Authorize(ctx, request(p.client, p.mapper, p.client.Display, r.UILocales)); err != nil {
		return nil, err
	}
	handle, err := s.open.put(t, s.config.Now())
	if err != nil {
		return nil, err
	}
	return &Started{Transaction: handle, URL: t.attempt.URL, State: t.attempt.State, Expires: t.expires}, nil
}

func request(c *Client, m *claims.Mapper, display string, locales []string) esignet.AuthorizationRequest {
	r := esignet.AuthorizationRequest{
		ClaimsLocales: m.Languages(), UILocales: locales, ACRValues: c.ACRValues, Display: display,
		// The consent page is evidence: it is shown though eSignet remembers one.
		Prompt: "consent",
	}
	for _, c := range m.Requests() {
		r.Claims = append(r.Claims, esignet.ClaimRequest{Name: c.Claim, Essential: c.Essential, Purpose: c.Purpose})
	}
	return r
}

// CompleteRequest is what came back.
type CompleteRequest struct {
	Transaction string `json:"transaction"`
	// Response is the query string of the redirect, with or without the question
	// mark; empty after a sign-in on her own phone.
	Response string `json:"response"`
}

// Completed is a person, verified.
type Completed struct {
	claims.Result
	Evidence Kept      `json:"evidence"`
	ACR      []string  `json:"acr"`
	AuthTime time.Time `json:"authTime,omitzero"`
}

// Kept names evidence.
type Kept struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

func (s *Service) complete(ctx context.Context, who route.Caller, r CompleteRequest) (*Completed, error) {
	if err := s.pending(who, r.Transaction); err != nil {
		return nil, err
	}
	t, err := s.open.take(r.Transaction, who, s.config.Now())
	if err != nil {
		return nil, err
	}
	// Minutes may lie between: a right that was lost since counts no more.
	if err := s.config.Authority.MayCapture(ctx, who.User, t.program, t.orgUnit); err != nil {
		return nil, err
	}
	var v *verified
	if t.phone != nil {
		v, err = t.phone.result(r.Response)
	} else {
		v, err = s.redeem(ctx, t, t.client.OIDC, t.attempt, r.Response)
	}
	if err != nil {
		return nil, err
	}
	// First the proof, then the values: what cannot be shown later was not verified.
	e := v.evidence
	if err := s.config.Vault.Put(ctx, e); err != nil {
		return nil, err
	}
	return &Completed{Result: v.result, Evidence: Kept{e.ID, e.At}, ACR: e.ACR, AuthTime: e.AuthTime}, nil
}

// verified is what is left of a person's claims: what the form asked for, and the
// evidence, which is not kept yet.
type verified struct {
	result   claims.Result
	evidence *Evidence
}

// redeem turns what came back in the redirect into what the form asked for.
func (s *Service) redeem(ctx context.Context, t *transaction, client *esignet.Client, a *esignet.Attempt, response string) (*verified, error) {
	query, err := parseResponse(response)
	if err != nil {
		return nil, err
	}
	person, err := client.Complete(ctx, a, query)
	if err != nil {
		return nil, err
	}
	result := t.mapper.Apply(person.Subject, person.Claims)
	return &verified{result, evidence(t, person, result, s.config.Now())}, nil
}

func evidence(t *transaction, person *esignet.Identity, result claims.Result, at time.Time) *Evidence {
	e := &Evidence{
		Issuer: person.Issuer, ClientID: person.ClientID, RelyingParty: t.client.RelyingParty, Subject: person.Subject,
		ACR: person.ACR, AuthTime: person.AuthTime, At: at.UTC().Truncate(time.Second), ClaimsHash: hashOf(person.Claims.JSON()),
		Asked: []string{}, Essential: []string{}, Given: []string{},
		User: t.user, Route: t.route, Program: t.program, OrgUnit: t.orgUnit, Assisted: t.assisted,
	}
	if t.phone != nil {
		e.Device = DevicePhone
	}
	for _, c := range t.mapper.Requests() {
		e.Asked = append(e.Asked, c.Claim)
		if c.Essential {
			e.Essential = append(e.Essential, c.Claim)
		}
		if _, given := person.Claims.Value(c.Claim, t.mapper.Languages()...); given {
			e.Given = append(e.Given, c.Claim)
		}
	}
	e.seal(result.Values)
	return e
}

func (s *Service) cancel(who route.Caller, handle string) error {
	_, err := s.open.take(handle, who, s.config.Now())
	return err
}

// Status is what is told of evidence later: no claim, no subject.
type Status struct {
	ID         string      `json:"id"`
	Verified   bool        `json:"verified"`
	At         time.Time   `json:"at"`
	Issuer     string      `json:"issuer"`
	ACR        []string    `json:"acr"`
	Program    dhis2.UID   `json:"program"`
	OrgUnit    dhis2.UID   `json:"orgUnit"`
	Attributes []dhis2.UID `json:"attributes"` // those that were filled
	Device     string      `json:"device,omitzero"`
	Assisted   bool        `json:"assisted"`
}

// read gives evidence to who made it, and to who may register people there now.
func (s *Service) read(ctx context.Context, who route.Caller, id string) (*Evidence, error) {
	e, err := s.config.Vault.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	err = s.config.Authority.MayCapture(ctx, who.User, e.Program, e.OrgUnit)
	if r, ok := errors.AsType[*route.Refusal](err); ok && r.Code == route.CodeForbidden {
		return nil, refuse(CodeEvidence, "not for this user")
	}
	return e, err
}

// Comparison tells of attributes whether they have the value that was verified.
type Comparison struct {
	// Attributes by UID: same, changed, or unverified where none was.
	Attributes map[string]string `json:"attributes"`
}

func compare(e *Evidence, values map[string]string) Comparison {
	c := Comparison{map[string]string{}}
	for attribute, value := range values {
		switch same, known := e.Holds(attribute, value); {
		case same:
			c.Attributes[attribute] = "same"
		case known:
			c.Attributes[attribute] = "changed"
		default:
			c.Attributes[attribute] = "unverified"
		}
	}
	return c
}

// JWKS is the key set to publish: keys of client assertions, of userinfo that comes
// encrypted, and of evidence, each once.
func (s *Service) JWKS() ([]byte, error) {
	now := s.config.Now()
	sets := [][]byte{}
	add := func(r *esignet.KeyRing, use string) error {
		if r == nil {
			return nil
		}
		set, err := r.JWKS(now, use)
		sets = append(sets, set)
		return err
	}
	for _, c := range s.config.Clients {
		if err := add(c.Keys, esignet.UseSignature); err != nil {
			return nil, err
		}
		if err := add(c.DecryptionKeys, esignet.UseEncryption); err != nil {
			return nil, err
		}
	}
	if err := add(s.config.Vault.config.Signing, esignet.UseSignature); err != nil {
		return nil, err
	}
	var all struct {
		Keys []jsontext.Value `json:"keys"`
	}
	for _, set := range sets {
		one := all
		one.Keys = nil
		if err := json.Unmarshal(set, &one); err != nil {
			return nil, err
		}
	next:
		for _, key := range one.Keys {
			for _, other := range all.Keys {
				if bytes.Equal(key, other) {
					continue next
				}
			}
			all.Keys = append(all.Keys, key)
		}
	}
	return json.Marshal(all)
}
