package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2/outbox"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr/access"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/authored"
	"github.com/nehrbridge/nehrbridge/nehr/portal/clinician"
	"github.com/nehrbridge/nehrbridge/nehr/portal/patient"
	"github.com/nehrbridge/nehrbridge/nehr/summary"
)

func (a *app) portal() *cobra.Command {
	return &cobra.Command{
		Use:   "portal",
		Short: "The pages on which mothers read their records and decide who else may, and those of clinicians",
		Long: "Serves the mothers' portal (portal.patient.url) and the clinicians' (portal.clinician.url), behind one gate that decides on each read of " +
			"the record and logs it, and forwards the log to the record as AuditEvents. What clinicians sign for DHIS2 is brought there by sync or serve. TLS stands in front of it. Runs until it is interrupted; answers that are under way are given first.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runPortal(cmd.Context()) },
	}
}

func (a *app) runPortal(ctx context.Context) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	log := a.logger()
	p, err := openPortals(ctx, s, log)
	if err != nil {
		return err
	}
	defer p.close()
	return serveAlone(ctx, s, log, func(io.Writer) {}, p.ready, p.run)
}

// portals are the pages, and the one gate to the record behind all of them.
type portals struct {
	db     *database.DB
	gate   *access.Gate
	links  *summary.Links // nil without the mothers' portal
	desk   *authored.Desk // nil without the clinicians'
	served []*servedPortal
}

// servedPortal is one portal where it listens.
type servedPortal struct {
	name     string
	handler  http.Handler
	listener net.Listener
}

// wantsPortals says that the settings have a portal.
func wantsPortals(s *config.Settings) bool {
	return s.Portal.Patient.URL != "" || s.Portal.Clinician.URL != ""
}

// openPortals wires the portals of the settings and listens; close them.
func openPortals(ctx context.Context, s *config.Settings, log zerolog.Logger) (*portals, error) {
	p, err := wirePortals(ctx, s, log)
	if err != nil {
		return nil, err
	}
	at := map[string]string{namePatient: s.Portal.Patient.Listen, nameClinician: s.Portal.Clinician.Listen}
	for _, one := range p.served {
		if one.listener, err = net.Listen("tcp", at[one.name]); err != nil {
			p.close()
			return nil, usage(fmt.Errorf("portal.%s.listen: %w: choose another address", one.name, err))
		}
	}
	return p, nil
}

// The portals by the names of their settings and cookies.
const namePatient, nameClinician = "patient", "clinician"

// portalTables are the tables of the portals and of what they stand on.
func portalTables() []database.Migrations {
	return append(ownPortalTables(), registry.Migrations(), outbox.Migrations())
}

// ownPortalTables are those that nobody else has.
func ownPortalTables() []database.Migrations {
	return []database.Migrations{
		portal.Migrations, patient.Migrations, clinician.Migrations, authored.Migrations, access.Migrations(), summary.Migrations(),
	}
}

// wirePortals wires the portals of the settings, at least one of them; close them.
func wirePortals(ctx context.Context, s *config.Settings, log zerolog.Logger) (p *portals, err error) {
	if err := s.ForPortals(); err != nil {
		return nil, usage(err)
	}
	record, err := newNEHR(s, nil)
	if err != nil {
		return nil, usage(err)
	}
	p = &portals{}
	if p.db, err = database.Open(ctx, database.Config{URL: s.Ledger.URL.Reveal(), Migrations: portalTables(), Connections: 16}); err != nil {
		return nil, serverError(err)
	}
	defer func() {
		if err != nil {
			p.close()
			p = nil
		}
	}()
	if p.gate, err = openGate(s, p.db, record, log); err != nil {
		return p, usage(err)
	}
	if s.Portal.Patient.URL != "" {
		handler, err := patientPortal(s, p, record, log)
		if err != nil {
			return p, usage(err)
		}
		p.served = append(p.served, &servedPortal{name: namePatient, handler: withHealth(handler)})
	}
	if s.Portal.Clinician.URL != "" {
		handler, err := clinicianPortal(ctx, s, p, record, log)
		if err != nil {
			return p, usage(err)
		}
		p.served = append(p.served, &servedPortal{name: nameClinician, handler: withHealth(handler)})
	}
	return p, nil
}

// openGate is the gate of the settings.
func openGate(s *config.Settings, db *database.DB, record *client.Client, log zerolog.Logger) (*access.Gate, error) {
	where, err := shownZone(s)
	if err != nil {
		return nil, err
	}
	c := access.Config{DB: db, NEHR: record, Zone: where,
		Policy: access.Policy{SharedQueues: s.Portal.Queues, EmergencySensitive: s.Portal.Emergency.Sensitive, EmergencyOverridesDeny: s.Portal.Emergency.Denied},
		Failed: func(err error) { log.Warn().Err(err).Msg("the log of accesses is not forwarded") },
	}
	for _, at := range []string{s.Portal.Patient.URL, s.Portal.Clinician.URL} {
		if u, err := url.Parse(at); c.Address == "" && err == nil {
			c.Address = u.Hostname()
		}
	}
	if e := s.Portal.Emergency; e.URL != "" {
		hook := access.Webhook{URL: e.URL, Secret: []byte(e.Secret.Reveal())}
		if err := hook.Validate(); err != nil {
			return nil, fmt.Errorf("portal.emergency: %w", err)
		}
		c.Notify = hook
	}
	return access.New(c)
}

// patientPortal is the mothers' portal of the settings.
func patientPortal(s *config.Settings, p *portals, record *client.Client, log zerolog.Logger) (http.Handler, error) {
	frame, err := portalFrame(s, s.Portal.Patient, p.db, log)
	if err != nil {
		return nil, fmt.Errorf("portal.patient: %w", err)
	}
	codes, err := registry.NewClaimCodes(registry.ClaimConfig{DB: p.db})
	if err != nil {
		return nil, err
	}
	links := summary.LinksConfig{DB: p.db, URL: strings.TrimSuffix(s.Portal.Patient.URL, "/") + linksPath,
		Report: func(err error) { log.Error().Err(err).Msg("links cannot be served") }}
	if p.links, err = summary.NewLinks(links); err != nil {
		return nil, fmt.Errorf("portal.patient: %w", err)
	}
	pages, err := patient.New(patient.Config{
		Portal: frame, Gate: patient.Through(p.gate), Directory: patient.NEHR{Client: record}, Claims: codes, TooMany: registry.ErrClaimTries, Links: p.links,
	})
	if err != nil {
		return nil, err
	}
	under, err := url.Parse(links.URL)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(under.Path+"/", p.links.Handler())
	mux.Handle("/", pages.Handler())
	return mux, nil
}

// linksPath is where SMART Health Links are opened, below the mothers' portal.
const linksPath = "/shl"

// clinicianPortal is the clinicians' portal of the settings, and the desk at which they
// write.
func clinicianPortal(ctx context.Context, s *config.Settings, p *portals, record *client.Client, log zerolog.Logger) (http.Handler, error) {
	frame, err := portalFrame(s, s.Portal.Clinician, p.db, log)
	if err != nil {
		return nil, fmt.Errorf("portal.clinician: %w", err)
	}
	where := clinician.NEHR{Client: record, Zone: frame.Zone}
	roles := clinician.NewRoles(p.db, nil, nil)
	if p.desk, err = openDesk(ctx, s, p, where, clinician.Linked(roles, where, frame.RelyingParty, time.Now), log); err != nil {
		return nil, err
	}
	pages, err := clinician.New(clinician.Config{
		Portal: frame, Gate: clinician.Through(p.gate), Directory: where, Writer: record, Roles: roles, Desk: p.desk, PatientURL: s.Portal.Patient.URL,
		DialCode: mapper.CallingCode(s.Mapping.PhoneRegion),
	})
	if err != nil {
		return nil, err
	}
	return pages.Handler(), nil
}

// openDesk is where clinicians write: what they sign goes through the gate into the
// record, and what it says to DHIS2 through the outbox.
func openDesk(ctx context.Context, s *config.Settings, p *portals, names clinician.NEHR, linked func(context.Context, access.Actor) (bool, error), log zerolog.Logger) (*authored.Desk, error) {
	maps, err := config.Maps(s.Maps)
	if err != nil {
		return nil, err
	}
	validator, err := newValidator(s)
	if err != nil {
		return nil, err
	}
	back, err := outbox.New(ctx, outbox.Config{DB: p.db})
	if err != nil {
		return nil, err
	}
	replies, err := newReplies(back, maps)
	if err != nil {
		return nil, err
	}
	return authored.New(authored.Config{
		DB: p.db, Key: []byte(s.Portal.Drafts.Key.Reveal()), Gate: p.gate, Linked: linked, Reply: replies, Name: names.Name, Zone: names.Zone,
		Validate: func(bundle []byte) error { return judge(validator, bundle) },
		National: slices.ContainsFunc(maps, func(m *mapper.Map) bool { return m.Guide == mapper.GuideLK }),
		Failed:   func(err error) { log.Warn().Err(err).Msg("what a clinician signed is not in the record yet") },
	})
}

// portalFrame is what every portal has.
func portalFrame(s *config.Settings, one config.Portal, db *database.DB, log zerolog.Logger) (c portal.Config, err error) {
	file, err := config.PortalClient(one.Client)
	if err != nil {
		return c, err
	}
	c = portal.Config{
		URL: one.URL, DB: db, RelyingParty: file.RelyingParty, ACRs: file.ACR, HelpPhone: s.Portal.HelpPhone, ExitURL: s.Portal.ExitURL, Log: log,
	}
	if c.ESignet, err = clientConfig(*file); err != nil {
		return c, fmt.Errorf("%s: %w", one.Client, err)
	}
	for _, w := range c.ESignet.Warnings() {
		log.Warn().Str("client", file.ClientID).Msg(w)
	}
	if c.Zone, err = shownZone(s); err != nil {
		return c, err
	}
	proxies, err := config.ProxyNetworks(s.Portal.Proxies)
	if err != nil {
		return c, err
	}
	c.Source = portal.Behind(proxies)
	return c, nil
}

// shownZone is what people are shown times in.
func shownZone(s *config.Settings) (*time.Location, error) {
	return zone(cmp.Or(s.Zone, s.DHIS2.Zone))
}

// withHealth answers /healthz beside the pages.
func withHealth(pages http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", aliveOnly)
	mux.Handle("/", pages)
	return mux
}

// run answers and forwards the log until ctx ends, and then what is under way.
func (p *portals) run(ctx context.Context, log zerolog.Logger) error {
	var aside sync.WaitGroup
	working, stop := context.WithCancel(ctx)
	defer aside.Wait()
	defer stop()
	aside.Go(func() { _ = p.gate.Run(working) })
	if p.links != nil {
		aside.Go(func() { _ = p.links.Run(working) })
	}
	if p.desk != nil {
		aside.Go(func() { _ = p.desk.Run(working) })
	}
	var runs []func(context.Context) error
	for _, one := range p.served {
		runs = append(runs, func(ctx context.Context) error {
			// Her telephone may be on a slow line, and a clinician sends pictures.
			return serveUntil(ctx, one.listener, one.handler, serverTimes{read: 2 * time.Minute, write: 2 * time.Minute}, one.name+" portal", log)
		})
	}
	return together(ctx, runs...)
}

func (p *portals) close() {
	for _, one := range p.served {
		if one.listener != nil {
			_ = one.listener.Close() // of a server that has ended it is closed already
		}
	}
	_ = p.db.Close()
}

// ready reports whether accesses can be logged, without which nothing is shown.
func (p *portals) ready(ctx context.Context) error {
	if _, err := p.db.Versions(ctx); err != nil {
		return errors.New("not ready: the database cannot be read")
	}
	return nil
}
