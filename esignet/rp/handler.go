package rp

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
)

// maxResponse bounds the query string of a redirect, in bytes.
const maxResponse = 8 << 10

// Handler serves the calls of the contract, the key set and a sign of life.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /rp/start", call(s, "start", func(ctx context.Context, who route.Caller, _ *http.Request, r StartRequest) (any, error) {
		return answerOf(s.start(ctx, who, r))
	}))
	mux.HandleFunc("POST /rp/complete", call(s, "complete", func(ctx context.Context, who route.Caller, _ *http.Request, r CompleteRequest) (any, error) {
		return answerOf(s.complete(ctx, who, r))
	}))
	mux.HandleFunc("POST /rp/cancel", call(s, "cancel", func(_ context.Context, who route.Caller, _ *http.Request, r struct {
		Transaction string `json:"transaction"`
	}) (any, error) {
		return struct{}{}, s.cancel(who, r.Transaction)
	}))
	mux.HandleFunc("POST /rp/phone", call(s, "phone", func(_ context.Context, who route.Caller, _ *http.Request, r PhoneRequest) (any, error) {
		return answerOf(s.phoneStatus(who, r))
	}))
	mux.HandleFunc("POST /rp/phone/confirm", call(s, "confirm", func(_ context.Context, who route.Caller, _ *http.Request, r ConfirmRequest) (any, error) {
		return answerOf(s.confirmPhone(who, r))
	}))
	mux.HandleFunc("GET /rp/evidence/{id}", call(s, "evidence", func(ctx context.Context, who route.Caller, r *http.Request, _ route.None) (any, error) {
		e, err := s.read(ctx, who, r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		return status(e), nil
	}))
	mux.HandleFunc("POST /rp/evidence/{id}/compare", call(s, "compare", func(ctx context.Context, who route.Caller, r *http.Request, body struct {
		Values map[string]string `json:"values"`
	}) (any, error) {
		e, err := s.read(ctx, who, r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		return compare(e, body.Values), nil
	}))
	mux.HandleFunc("GET /.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		set, err := s.JWKS()
		if err != nil {
			s.config.Log.Error().Err(err).Msg("the key set cannot be published")
			http.Error(w, "the key set cannot be published", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(set) // whoever asked has gone
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "alive\n")
	})
	if s.config.Phone != nil {
		s.phonePages(mux)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route.Protect(w.Header())
		mux.ServeHTTP(w, r)
	})
}

func answerOf[T any](v *T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

func status(e *Evidence) Status {
	st := Status{ID: e.ID, Verified: true, At: e.At, Issuer: e.Issuer, ACR: e.ACR, Program: e.Program, OrgUnit: e.OrgUnit,
		Attributes: []dhis2.UID{}, Device: e.Device, Assisted: e.Assisted != nil}
	for a := range e.Digests {
		if uid, err := dhis2.ParseUID(a); err == nil {
			st.Attributes = append(st.Attributes, uid)
		}
	}
	slices.SortFunc(st.Attributes, func(a, b dhis2.UID) int { return strings.Compare(a.String(), b.String()) })
	return st
}

// call is route.Call, with the errors of eSignet as refusals.
func call[B any](s *Service, name string, do func(context.Context, route.Caller, *http.Request, B) (any, error)) http.HandlerFunc {
	return route.Call(s.gate, name, func(ctx context.Context, who route.Caller, r *http.Request, body B) (any, error) {
		answer, err := do(ctx, who, r, body)
		if err != nil {
			return nil, refusalOf(err)
		}
		return answer, nil
	})
}

// parseResponse reads the query string of the redirect.
func parseResponse(text string) (url.Values, error) {
	if len(text) > maxResponse {
		return nil, refuse(route.CodeTooLarge, "the response is longer than 8 KiB")
	}
	query, err := url.ParseQuery(strings.TrimPrefix(text, "?"))
	if err != nil {
		return nil, refuse(route.CodeMalformed, "the response is no query string")
	}
	return query, nil
}
