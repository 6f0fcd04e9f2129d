package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/VictoriaMetrics/metrics"
	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/route"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/phn"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
)

// numbers is the registry of personal health numbers behind its Route.
type numbers struct {
	service *registry.Service
	handler http.Handler // below /phn/
	db      *database.DB
}

// withNumbers puts the registry beside another service, if phn.route.secret is set;
// else there is none.
func withNumbers(ctx context.Context, s *config.Settings, other http.Handler, log zerolog.Logger) (http.Handler, *numbers, error) {
	if s.PHN.Route.Secret == "" {
		return other, nil, nil
	}
	if err := s.ForPHN(); err != nil {
		return nil, nil, usage(err)
	}
	n, err := openNumbers(ctx, s, log)
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/phn/", n.handler)
	mux.Handle("/", other)
	return mux, n, nil
}

// maxRecordAnswer bounds what the record may answer to a search for a person: eleven
// Patients have a thousandth of it.
const maxRecordAnswer = 4 << 20

// registryConfig is the registry of the settings, without its database.
func registryConfig(s *config.Settings, log zerolog.Logger) (c registry.Config, err error) {
	c = registry.Config{Provisional: s.PHN.Provisional, Log: log, Metrics: metrics.NewSet()}
	c.Scheme, _ = phn.Lookup(s.PHN.Scheme) // the settings know no other
	if s.PHN.Accept == config.AcceptScheme {
		c.Accept = c.Scheme.Parse
	}
	if s.PHN.Points != "" {
		if c.Points, err = config.PointsOfIssue(s.PHN.Points); err != nil {
			return c, err
		}
	}
	c.Telephone = func(text string) (string, bool) { return mapper.Telephone(text, s.Mapping.PhoneRegion) }
	record := nehrConfig(s, nil)
	record.MaxResponse = maxRecordAnswer
	if c.Record, err = client.New(record); err != nil {
		return c, err
	}
	server, err := newDHIS2(s)
	if err != nil {
		return c, err
	}
	c.Authority = captureRights{route.NewAuthority(server, 0, nil)}
	c.Installation = func(ctx context.Context) (string, error) {
		info, err := server.SystemInfo(ctx)
		if err != nil {
			return "", err
		}
		return info.SystemID, nil
	}
	c.Ours = func(ctx context.Context, entity, number string) (bool, error) {
		return hasValue(ctx, server, entity, number)
	}
	return c, nil
}

// openNumbers wires the registry of the settings and opens its database; close
// numbers.db.
func openNumbers(ctx context.Context, s *config.Settings, log zerolog.Logger) (n *numbers, err error) {
	c, err := registryConfig(s, log)
	if err != nil {
		return nil, usage(err)
	}
	gate, err := route.New(route.Config{Service: "phn", Routes: routesOf(s.PHN.Route.Secret), Log: log, Metrics: c.Metrics})
	if err != nil {
		return nil, usage(fmt.Errorf("phn.route.secret: %w", err))
	}
	if c.DB, err = database.Open(ctx, database.Config{URL: s.Ledger.URL.Reveal(), Migrations: []database.Migrations{registry.Migrations()}, Connections: 16}); err != nil {
		return nil, serverError(err)
	}
	n = &numbers{db: c.DB}
	if n.service, err = registry.New(c); err != nil {
		return nil, usage(errors.Join(err, c.DB.Close()))
	}
	n.handler = gate.Handler(n.service.Handler(func(r *http.Request) (registry.Caller, bool) {
		who, known := route.CallerOf(r.Context())
		return registry.Caller(who), known
	}))
	return n, nil
}

// captureRights are the rights of DHIS2 in the words of the registry.
type captureRights struct{ authority *route.Authority }

// MayCapture implements registry.Authority.
func (c captureRights) MayCapture(ctx context.Context, user string, at registry.Place) error {
	program, err := dhis2.ParseUID(at.Program)
	if err != nil {
		return registry.ErrForbidden
	}
	unit, err := dhis2.ParseUID(at.OrgUnit)
	if err != nil {
		return registry.ErrForbidden
	}
	err = c.authority.MayCapture(ctx, user, program, unit)
	if r, ok := errors.AsType[*route.Refusal](err); ok && r.Code == route.CodeForbidden {
		return registry.ErrForbidden
	}
	return err
}

// hasValue tells whether a tracked entity that this DHIS2 has holds a value in one of
// its attributes, those of its enrollments among them.
func hasValue(ctx context.Context, server *api.Client, entity, value string) (bool, error) {
	uid, err := dhis2.ParseUID(entity)
	if err != nil {
		return false, nil
	}
	te, err := server.TrackedEntity(ctx, uid, dhis2.UID{}, "trackedEntity,attributes[attribute,value],enrollments[enrollment,attributes[attribute,value]]")
	if e, ok := errors.AsType[*api.Error](err); ok && e.NotFound() {
		return false, nil
	} else if err != nil {
		return false, err
	}
	attributes := te.Attributes
	for _, e := range te.Enrollments {
		attributes = append(attributes, e.Attributes...)
	}
	for _, a := range attributes {
		if strings.EqualFold(strings.TrimSpace(a.Value), value) {
			return true, nil
		}
	}
	return false, nil
}
