package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
	"github.com/nehrbridge/nehrbridge/dhis2/outbox"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/record"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// mapperConfig says how the settings want documents mapped.
func mapperConfig(s *config.Settings, maps []*mapper.Map) (mapper.Config, error) {
	cfg := mapper.Config{
		Maps:                maps,
		Names:               s.Mapping.Names,
		Passport:            s.Mapping.Passport,
		Plausibility:        s.Mapping.Plausibility,
		PhoneRegion:         s.Mapping.PhoneRegion,
		AppointmentMinutes:  s.Mapping.AppointmentMinutes,
		ESignetIssuer:       s.ESignet.Issuer,
		ESignetRelyingParty: s.ESignet.RelyingParty,
	}
	if s.PHN.Accept == config.AcceptScheme {
		cfg.PHNScheme = s.PHN.Scheme
	}
	if s.NEHR.Write == config.WriteConditional {
		cfg.Write = nehr.Conditional
	}
	var err error
	if cfg.Zone, err = zone(s.Zone); err != nil {
		return cfg, err
	}
	cfg.ServerZone, err = zone(s.DHIS2.Zone)
	return cfg, err
}

// zone is nil where none is set.
func zone(name string) (*time.Location, error) {
	if name == "" {
		return nil, nil
	}
	return time.LoadLocation(name)
}

// newMapper reads the maps and compiles them.
func newMapper(s *config.Settings, explain bool) (*mapper.Mapper, []*mapper.Map, error) {
	maps, err := config.Maps(s.Maps)
	if err != nil {
		return nil, nil, err
	}
	cfg, err := mapperConfig(s, maps)
	if err != nil {
		return nil, nil, err
	}
	cfg.Explain = explain
	m, err := mapper.New(cfg)
	return m, maps, err
}

// newValidator is the one for what the settings make: without passport, a
// Patient keeps to the overlay of the national guide only (G1).
func newValidator(s *config.Settings) (*validate.Validator, error) {
	var cfg validate.Config
	if s.Mapping.Passport == mapper.PassportOmit {
		cfg.Overlays = []string{validate.OverlayPassportOptional}
	}
	return validate.New(cfg)
}

func newDHIS2(s *config.Settings) (*api.Client, error) { return newCountedDHIS2(s, nil) }

// newCountedDHIS2 is newDHIS2 with somebody who sees every request.
func newCountedDHIS2(s *config.Settings, wrap func(http.RoundTripper) http.RoundTripper) (*api.Client, error) {
	return api.New(api.Config{
		Wrap:    wrap,
		BaseURL: s.DHIS2.URL, Token: s.DHIS2.Token.Reveal(),
		Username: s.DHIS2.Username, Password: s.DHIS2.Password.Reveal(),
		UserAgent: "nehrbridge/" + version,
	})
}

// lease is how long an entity is held, and answer how long a server may take
// for one request of the work on it: several fit into a lease, so that nothing
// is sent when it is over.
const (
	lease  = 90 * time.Second
	answer = 20 * time.Second
)

// ledgerTables are the tables of the ledger.
func ledgerTables() []database.Migrations {
	return []database.Migrations{changes.Migrations(), changes.ConsumerMigrations(toEvents)}
}

// agentTables are those, and what goes back into DHIS2.
func agentTables() []database.Migrations { return append(ledgerTables(), outbox.Migrations()) }

// openLedger opens the database of the settings and the ledger in it.
func openLedger(ctx context.Context, s *config.Settings) (*database.DB, *changes.Ledger, error) {
	return openLedgerAs(ctx, s, "")
}

// openLedgerAs opens it under the name by which this process claims (see
// changes.Presence).
func openLedgerAs(ctx context.Context, s *config.Settings, process string) (*database.DB, *changes.Ledger, error) {
	db, err := database.Open(ctx, database.Config{URL: s.Ledger.URL.Reveal(), Migrations: agentTables()})
	if err != nil {
		return nil, nil, err
	}
	// One name for every process of a machine: the next one may look for
	// changes at once where the last one has ended.
	owner, err := os.Hostname()
	if err != nil {
		owner = "one machine"
	}
	ledger, err := changes.New(ctx, changes.Config{DB: db, Owner: owner, Process: process, Lease: lease})
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, ledger, nil
}

// newAgent wires the agent of the settings; close it.
func newAgent(ctx context.Context, s *config.Settings, log zerolog.Logger) (*agent, error) {
	g, err := wireAgent(s, log)
	if err != nil {
		return nil, err
	}
	return g, g.open(ctx)
}

// open opens the ledger, with a sign of life of this process, takes over what
// others held who are dead, and subscribes whoever is notified. After an error
// nothing is open.
func (g *agent) open(ctx context.Context) (err error) {
	if g.presence, err = changes.Appear(filepath.Join(g.settings.DataDir, "processes")); err != nil {
		g.log.Warn().Err(err).Msg("after a crash, what this process works on waits for the end of its lease")
	}
	if g.db, g.ledger, err = openLedgerAs(ctx, g.settings, g.process()); err != nil {
		return errors.Join(err, g.vanish())
	}
	if err := errors.Join(g.takeOver(ctx), g.subscribe(ctx), g.openOutbox(ctx)); err != nil {
		err = errors.Join(err, g.close())
		g.db = nil
		return err
	}
	return nil
}

func (g *agent) close() error { return errors.Join(g.db.Close(), g.vanish()) }

// process is the name by which this process claims, "" where there is none.
func (g *agent) process() string {
	if g.presence == nil {
		return ""
	}
	return g.presence.Name()
}

// takeOver goes on with what processes held that are dead.
func (g *agent) takeOver(ctx context.Context) error {
	if g.presence == nil {
		return nil
	}
	taken, err := g.ledger.TakeOver(ctx, g.presence)
	if taken > 0 {
		g.log.Info().Int("entities", taken).Msg("taken over from a process that ended in the middle")
	}
	return err
}

// vanish ends the sign of life of this process.
func (g *agent) vanish() error {
	if g.presence == nil {
		return nil
	}
	return g.presence.Vanish()
}

// newNEHR is the client of the record, signed in as the settings say.
func newNEHR(s *config.Settings, wrap func(http.RoundTripper) http.RoundTripper) (*client.Client, error) {
	return client.New(nehrConfig(s, wrap))
}

func nehrConfig(s *config.Settings, wrap func(http.RoundTripper) http.RoundTripper) client.Config {
	cfg := client.Config{
		BaseURL: s.NEHR.URL, Token: s.NEHR.Token.Reveal(), Timeout: answer, UserAgent: "nehrbridge/" + version,
		CAFile: s.NEHR.CAFile, CertFile: s.NEHR.CertFile, KeyFile: s.NEHR.KeyFile,
		Wrap: wrap,
	}
	if o := s.NEHR.OAuth; o.TokenURL != "" {
		cfg.OAuth = &client.OAuth{TokenURL: o.TokenURL, ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), KeyFile: o.KeyFile}
	}
	return cfg
}

func wireAgent(s *config.Settings, log zerolog.Logger) (*agent, error) {
	g := &agent{log: log, nehr: s.NEHR.URL, settings: s, meter: newMeter(), replicating: s.DHIS2.Replication.URL != ""}
	var err error
	if g.mapper, g.maps, err = newMapper(s, false); err != nil {
		return nil, err
	}
	if g.validator, err = newValidator(s); err != nil {
		return nil, err
	}
	if g.dhis2, err = newCountedDHIS2(s, g.meter.counted("dhis2")); err != nil {
		return nil, err
	}
	if g.notifier, err = g.newNotifier(s); err != nil {
		return nil, err
	}
	g.contexts, err = api.NewContextSource(api.ContextConfig{
		Reader: g.dhis2, OrgUnitElements: orgUnitElements(g.maps), Related: referralTables(g.maps),
	})
	if err != nil {
		return nil, err
	}
	fhir, err := newNEHR(s, g.meter.counted("nehr"))
	if err != nil {
		return nil, err
	}
	mode := record.ByID
	if s.NEHR.Write == config.WriteConditional {
		mode = record.Conditional
	}
	retract := record.EnteredInError
	if s.NEHR.Retract == config.RetractDelete {
		retract = record.Delete
	}
	visits, err := zone(cmp.Or(s.Zone, s.DHIS2.Zone))
	if err != nil {
		return nil, err
	}
	g.record = record.Config{
		Server: fhir, Mode: mode, Retract: retract, Zone: visits,
		Validate: func(bundle []byte) error { return judge(g.validator, bundle) },
	}
	return g, err
}

// referralTables leads from a referring organisation unit to the receiving
// one, over all maps.
func referralTables(maps []*mapper.Map) map[dhis2.UID]dhis2.UID {
	all := map[dhis2.UID]dhis2.UID{}
	for _, m := range maps {
		for from, to := range m.Referral.Table {
			all[from] = to
		}
	}
	return all
}

// orgUnitElements are the elements whose values name an organisation unit
// that the context has to describe.
func orgUnitElements(maps []*mapper.Map) []dhis2.UID {
	var out []dhis2.UID
	for _, m := range maps {
		for _, s := range m.Stages {
			for _, e := range s.Elements {
				if e.Kind == mapper.KindReferralTarget {
					out = append(out, e.UID)
				}
			}
		}
	}
	return out
}
