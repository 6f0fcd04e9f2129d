package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/plugin"
	"github.com/nehrbridge/nehrbridge/dhis2/setup"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

// wantedOfDHIS2 is what the settings, the maps and the flags make of a server.
func (a *app) wantedOfDHIS2(ctx context.Context, s *config.Settings, f setupDHIS2Flags, admin *api.Client) (*setup.Wanted, error) {
	u, err := flaggedUIDs(f)
	if err != nil {
		return nil, usage(err)
	}
	_, maps, err := newMapper(s, false)
	if err != nil {
		return nil, usage(err)
	}
	claimMaps, err := config.ClaimMaps(s.ESignet.Claims)
	if err != nil {
		return nil, usage(err)
	}
	w := &setup.Wanted{BrowserURL: f.browser, BridgeURL: f.bridge, RouteGroups: u.groups, Routes: dhis2Routes(s)}
	if len(w.Routes) > 0 && f.bridge == "" {
		return nil, usage(errors.New("--bridge-url is not set: where does DHIS2 reach `nehrbridge rp`?"))
	}
	programs, err := shownPrograms(ctx, admin, u.programs, maps, claimMaps)
	if err != nil {
		return nil, err
	}
	if len(programs) == 0 {
		return nil, usage(errNoProgram)
	}
	if f.syncUser != "off" {
		w.Account = &setup.Account{Username: f.syncUser, Programs: programs, Writes: f.writes, NewToken: f.newToken, TokenFor: time.Duration(f.tokenDays) * 24 * time.Hour}
	}
	parameters := url.Values{}
	if f.noPhone {
		parameters.Set("phone", "off")
	}
	if f.noAssisted {
		parameters.Set("assisted", "off")
	}
	for _, program := range programs {
		form := setup.Form{Program: program, Parameters: parameters}
		if i := slices.IndexFunc(claimMaps, func(m *claims.Map) bool { return m.Program == program }); i >= 0 && s.ESignet.Route.Secret != "" {
			form.Verify = verifyField(claimMaps[i])
			form.Verify.Evidence, form.Verify.Beside = u.evidence, u.verifyBeside
		}
		if i := slices.IndexFunc(maps, func(m *mapper.Map) bool { return m.Program == program }); i >= 0 && s.PHN.Route.Secret != "" {
			form.PHN = phnField(maps[i], u.phnVerified)
			if form.PHN != nil {
				form.PHN.Beside = u.phnBeside
			}
		}
		if form.Verify != nil || form.PHN != nil {
			w.Forms = append(w.Forms, form)
		}
	}
	if len(w.Forms) > 0 {
		w.App.Version = plugin.Version
		if w.App.Zip, err = plugin.Zip(); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// dhis2Routes are the Routes whose secrets are set. While one is replaced, the
// setting holds two: the first is the one that the Route is to send.
func dhis2Routes(s *config.Settings) (routes []setup.Route) {
	for _, r := range []struct {
		code, name, path string
		secret           config.Secret
	}{
		{"nehrbridge-verify", "nehrbridge: verify a person", "/rp", s.ESignet.Route.Secret},
		{"nehrbridge-phn", "nehrbridge: personal health numbers", "/phn", s.PHN.Route.Secret},
		{"nehrbridge-map", "nehrbridge: mapping", "/map", s.Mapping.Route.Secret},
	} {
		if secrets := strings.Fields(r.secret.Reveal()); len(secrets) > 0 {
			routes = append(routes, setup.Route{Code: r.code, Name: r.name, Path: r.path, Secret: secrets[0]})
		}
	}
	return routes
}

// shownPrograms are the named ones, else those of the maps that the server has.
func shownPrograms(ctx context.Context, admin *api.Client, named []dhis2.UID, maps []*mapper.Map, claimMaps []*claims.Map) ([]dhis2.UID, error) {
	if len(named) > 0 {
		return named, nil
	}
	var all, shown []dhis2.UID
	for _, m := range maps {
		all = append(all, m.Program)
	}
	for _, m := range claimMaps {
		all = append(all, m.Program)
	}
	for i, id := range all {
		if slices.Contains(all[:i], id) {
			continue
		}
		_, err := admin.Read(ctx, "/api/programs/"+id.String(), url.Values{"fields": {"id"}})
		if e, ok := errors.AsType[*api.Error](err); ok && (e.NotFound() || e.Forbidden()) {
			continue
		}
		if err != nil {
			return nil, serverError(err)
		}
		shown = append(shown, id)
	}
	return shown, nil
}

// verifyField is what a claim map fills.
func verifyField(m *claims.Map) *setup.Verify {
	v := &setup.Verify{}
	for _, a := range m.Attributes {
		v.Attributes = append(v.Attributes, a.UID)
		if a.Kind == claims.KindSubject {
			v.Subject = a.UID
		}
	}
	return v
}

// phnField is what a UID map says of the number and of what it is searched by; nil
// where it has no number. An attribute that the map does not send and calls "PHN
// verified" says that the number was checked.
func phnField(m *mapper.Map, verified dhis2.UID) *setup.PHN {
	p := &setup.PHN{Verified: verified, Search: map[string]dhis2.UID{}}
	for _, a := range m.Attributes {
		switch a.Kind {
		case mapper.AttrPHN:
			p.Number = a.UID
		case mapper.AttrFullName:
			p.Search["name"] = a.UID
		case mapper.AttrBirthDate:
			p.Search["birthDate"] = a.UID
		case mapper.AttrPhone:
			p.Search["phone"] = a.UID
		case mapper.AttrGender:
			p.Search["gender"] = a.UID
		case mapper.AttrNone:
			if p.Verified.IsZero() && strings.EqualFold(a.Name, "PHN verified") {
				p.Verified = a.UID
			}
		}
	}
	if p.Number.IsZero() {
		return nil
	}
	return p
}

// flagged are the UIDs of the flags.
type flagged struct {
	programs, groups                               []dhis2.UID
	verifyBeside, phnBeside, evidence, phnVerified dhis2.UID
}

func flaggedUIDs(f setupDHIS2Flags) (u flagged, err error) {
	var wrong []error
	parse := func(flag, text string) dhis2.UID {
		id, err := dhis2.ParseUID(text)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("--%s: %w", flag, err))
		}
		return id
	}
	for _, text := range f.programs {
		u.programs = append(u.programs, parse("program", text))
	}
	for _, text := range f.groups {
		u.groups = append(u.groups, parse("group", text))
	}
	for _, one := range []struct {
		flag, text string
		into       *dhis2.UID
	}{{"verify-before", f.verifyBeside, &u.verifyBeside}, {"phn-before", f.phnBeside, &u.phnBeside},
		{"evidence", f.evidence, &u.evidence}, {"phn-verified", f.phnVerified, &u.phnVerified}} {
		if one.text != "" {
			*one.into = parse(one.flag, one.text)
		}
	}
	if f.tokenDays < 1 || f.tokenDays > 3650 {
		wrong = append(wrong, errors.New("--token-days: want 1 to 3650"))
	}
	return u, errors.Join(wrong...)
}
