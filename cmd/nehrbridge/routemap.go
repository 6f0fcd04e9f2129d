package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/VictoriaMetrics/metrics"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// routeMapping is mapping at Routes: what the program maps, for a DHIS2 that calls
// when something happens, in the place of an agent that watches it.
//
//	POST /map/claims {"program","userinfo":{…}} → {"values","missing"}
//	POST /map/transaction {"trackedEntity"[,"program"]} or {"document":{…}} → {"bundle","issues"}
//	POST /map/transaction {"trackedEntity"[,"program"],"write":true} → {"outcome","cause"}
type routeMapping struct {
	gate      *route.Gate
	authority *route.Authority
	dhis2     *api.Client
	contexts  *api.ContextSource
	maps      []*mapper.Map
	mapper    *mapper.Mapper
	validator *validate.Validator
	claims    map[dhis2.UID]*claimForm
	writer    *routeWriter // nil without nehr.url
	metrics   *metrics.Set
}

// claimForm is a claim map, with those of its attributes that say that somebody was
// verified.
type claimForm struct {
	*claims.Mapper
	vouching map[dhis2.UID]bool
}

// maxMapped bounds a document of a caller, in bytes.
const maxMapped = 1 << 20

// withMapping puts mapping beside another service, if mapping.route.secret is set;
// else there is none.
func withMapping(ctx context.Context, s *config.Settings, other http.Handler, log zerolog.Logger) (http.Handler, *routeMapping, error) {
	if s.Mapping.Route.Secret == "" {
		return other, nil, nil
	}
	if err := s.ForDHIS2(); err != nil {
		return nil, nil, usage(err)
	}
	m, err := newRouteMapping(s, log)
	if err != nil {
		return nil, nil, usage(err)
	}
	if s.NEHR.URL != "" {
		if m.writer, err = newRouteWriter(ctx, s, log); err != nil {
			return nil, nil, err
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/map/", m.handler())
	mux.Handle("/", other)
	return mux, m, nil
}

func newRouteMapping(s *config.Settings, log zerolog.Logger) (*routeMapping, error) {
	m := &routeMapping{claims: map[dhis2.UID]*claimForm{}, metrics: metrics.NewSet()}
	var err error
	m.gate, err = route.New(route.Config{Service: "map", Routes: routesOf(s.Mapping.Route.Secret), MaxBody: maxMapped, Metrics: m.metrics, Log: log})
	if err != nil {
		return nil, fmt.Errorf("mapping.route.secret: %w", err)
	}
	if m.dhis2, err = newDHIS2(s); err != nil {
		return nil, err
	}
	m.authority = route.NewAuthority(m.dhis2, 0, nil)
	if m.mapper, m.maps, err = newMapper(s, false); err != nil {
		return nil, err
	}
	if m.validator, err = newValidator(s); err != nil {
		return nil, err
	}
	m.contexts, err = api.NewContextSource(api.ContextConfig{Reader: m.dhis2, OrgUnitElements: orgUnitElements(m.maps), Related: referralTables(m.maps)})
	if err != nil {
		return nil, err
	}
	forms, err := config.ClaimMaps(s.ESignet.Claims)
	if err != nil {
		return nil, err
	}
	for _, f := range forms {
		c := &claimForm{vouching: map[dhis2.UID]bool{}}
		if c.Mapper, err = claims.New(*f); err != nil {
			return nil, err
		}
		for _, a := range f.Attributes {
			c.vouching[a.UID] = a.Kind == claims.KindVerified
		}
		m.claims[f.Program] = c
	}
	return m, nil
}

func (m *routeMapping) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /map/claims", route.Call(m.gate, "claims", m.mapClaims))
	mux.HandleFunc("POST /map/transaction", route.Call(m.gate, "transaction", m.mapTransaction))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route.Protect(w.Header())
		mux.ServeHTTP(w, r)
	})
}

// The refusals of mapping, beside those of route.
const (
	codeProgram   route.Code = "program"    // no map for it
	codeEntity    route.Code = "entity"     // not there, or not for this user: not told apart
	codeNotMapped route.Code = "not_mapped" // stage says why
	codeInvalid   route.Code = "invalid"    // what was mapped does not keep to its profiles
	codeNoRecord  route.Code = "no_record"  // nothing is written without nehr.url
)

var unmapped = route.Message{Key: "unmapped", Text: map[string]string{
	"en": "This record cannot be passed on as it is. Please check it, or tell your administrator.",
	"si": "මෙම වාර්තාව පවතින ආකාරයෙන් යැවිය නොහැක. කරුණාකර එය පරීක්ෂා කරන්න, නැතහොත් ඔබේ පරිපාලකට දන්වන්න.",
	"ta": "இந்தப் பதிவை இப்போதுள்ளபடி அனுப்ப முடியாது. அதைச் சரிபார்க்கவும், அல்லது உங்கள் நிர்வாகியிடம் தெரிவிக்கவும்.",
}}

func refuseMapping(code route.Code, status int, detail string) *route.Refusal {
	return &route.Refusal{Code: code, Answer: route.Answer{Status: status, Message: unmapped}, Detail: detail}
}

// claimsRequest is what eSignet's userinfo says, as DHIS2 has it. Nothing of it is
// verified here.
type claimsRequest struct {
	Program  dhis2.UID      `json:"program"`
	UserInfo jsontext.Value `json:"userinfo"`
}

// mapClaims gives the values of a form. It vouches for nobody: that somebody was
// verified, only the relying party says.
func (m *routeMapping) mapClaims(_ context.Context, _ route.Caller, _ *http.Request, r claimsRequest) (any, error) {
	form, known := m.claims[r.Program]
	if !known {
		return nil, refuseMapping(codeProgram, http.StatusNotFound, "no claim map for the program")
	}
	// The cause is not kept: it may quote what was sent.
	given, err := esignet.ParseClaims(r.UserInfo)
	if err != nil {
		return nil, route.Refuse(route.CodeMalformed, "userinfo is no object of claims")
	}
	subject, _, _ := given.Text("sub")
	applied := form.Apply(subject, given)
	result := claims.Result{Values: []claims.Value{}, Missing: applied.Missing}
	for _, v := range applied.Values {
		switch {
		case form.vouching[v.Attribute]:
			result.Missing = append(result.Missing, claims.Missing{Attribute: v.Attribute, Claim: v.Claim, Reason: claims.NotGiven})
		case v.Claim == "sub" && subject == "":
			result.Missing = append(result.Missing, claims.Missing{Attribute: v.Attribute, Claim: v.Claim, Reason: claims.NotGiven})
		default:
			result.Values = append(result.Values, v)
		}
	}
	return result, nil
}

// transactionRequest names a tracked entity of this DHIS2, or is one.
type transactionRequest struct {
	TrackedEntity dhis2.UID      `json:"trackedEntity"`
	Program       dhis2.UID      `json:"program"` // zero is the first map's whose program shows it
	Document      jsontext.Value `json:"document"`
	Write         bool           `json:"write"`
}

// mapped is a transaction, with what a person should know about it.
type mapped struct {
	Bundle jsontext.Value `json:"bundle"`
	Issues jsontext.Value `json:"issues"` // OperationOutcome
}

func (m *routeMapping) mapTransaction(ctx context.Context, who route.Caller, _ *http.Request, r transactionRequest) (any, error) {
	switch {
	case (r.Document != nil) == !r.TrackedEntity.IsZero():
		return nil, route.Refuse(route.CodeMalformed, "want a trackedEntity, or a document")
	case r.Document != nil && r.Write:
		return nil, route.Refuse(route.CodeMalformed, "what is written is read from DHIS2: name the trackedEntity")
	case r.Document != nil:
		return m.mapDocument(ctx, who, r.Document)
	case r.Write && m.writer == nil:
		return nil, refuseMapping(codeNoRecord, http.StatusNotFound, "nothing is written without nehr.url")
	}
	program, err := m.place(ctx, who, r)
	if err != nil {
		return nil, err
	}
	if r.Write {
		return m.writer.write(ctx, r.TrackedEntity, program)
	}
	te, err := m.dhis2.TrackedEntity(ctx, r.TrackedEntity, program, mapper.Fields)
	if err != nil {
		return nil, notShown(err)
	}
	surroundings, err := m.contexts.Context(ctx, te)
	if err != nil {
		return nil, awayDHIS2(err)
	}
	return m.transaction(te, surroundings)
}

// transaction maps and validates.
func (m *routeMapping) transaction(te *dhis2.TrackedEntity, surroundings *dhis2.Context) (any, error) {
	result, err := m.mapper.Map(te, surroundings)
	if refusal, ok := errors.AsType[*mapper.Refusal](err); ok {
		r := refuseMapping(codeNotMapped, http.StatusUnprocessableEntity, refusal.Text)
		r.Stage = string(refusal.Reason)
		return nil, r
	} else if err != nil {
		return nil, &route.Refusal{Code: route.CodeInternal, Detail: "the entity cannot be mapped", Err: err}
	}
	bundle, err := result.Bundle.AppendJSON(nil)
	if err == nil {
		err = judge(m.validator, bundle)
	}
	if err != nil {
		r := refuseMapping(codeInvalid, http.StatusUnprocessableEntity, "the bundle does not keep to its profiles")
		r.Err = err
		return nil, r
	}
	issues, err := nehr.Encode(mapper.Outcome(result.Issues))
	if err != nil {
		return nil, &route.Refusal{Code: route.CodeInternal, Detail: "the issues cannot be written", Err: err}
	}
	return mapped{bundle, issues}, nil
}

func awayDHIS2(err error) error {
	return &route.Refusal{Code: route.CodeUnavailable, Detail: "DHIS2 cannot be asked", Err: err}
}

// notShown is the refusal where DHIS2 does not show an entity.
func notShown(err error) error {
	e, ok := errors.AsType[*api.Error](err)
	if ok && (e.NotFound() || e.Forbidden() || e.Status == http.StatusBadRequest) {
		return refuseMapping(codeEntity, http.StatusNotFound, "DHIS2 does not show the tracked entity")
	}
	return awayDHIS2(err)
}
