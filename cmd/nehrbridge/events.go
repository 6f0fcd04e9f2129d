package main

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// notifications tell a receiver which tracked entities have changed, whatever
// the national record is doing: they have a list of their own.
type notifications struct {
	ledger *changes.Ledger
	runner *changes.Runner
}

// newNotifier is the one of the settings, nil where nobody is notified.
func (g *agent) newNotifier(s *config.Settings) (*changes.Notifier, error) {
	if s.DHIS2.Events.URL == "" {
		return nil, nil
	}
	cfg := notifyConfig(s, g.dhis2)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 4 // one for each worker
	cfg.Transport = g.meter.counted(toEvents)(transport)
	if len(cfg.Secret) < 24 {
		g.log.Warn().Msg("dhis2.events.secret is short enough to be guessed: make one with openssl rand -base64 32")
	}
	return changes.NewNotifier(cfg)
}

// subscribe opens the list of the notifications, where somebody is notified:
// from then on every change is kept for it.
func (g *agent) subscribe(ctx context.Context) (err error) {
	if g.notifier == nil {
		return nil
	}
	n := &notifications{}
	if n.ledger, err = openEvents(ctx, g.db, g.process()); err != nil {
		return err
	}
	n.runner, err = changes.NewRunner(changes.RunConfig{Ledger: n.ledger, Consumer: g.notifier.Notify, Done: g.told})
	g.events = n
	return err
}

// openEvents opens the list of the notifications, and with it subscribes.
// process is as openLedgerAs has it.
func openEvents(ctx context.Context, db *database.DB, process string) (*changes.Ledger, error) {
	return changes.New(ctx, changes.Config{DB: db, Name: toEvents, Process: process, Lease: lease})
}

var routePath = regexp.MustCompile(`^/api/(\d+/)?routes/`)

// notifyConfig finds out whether the receiver is a Route of our DHIS2: then
// the request is made as the agent's user. Nobody else gets its credentials.
func notifyConfig(s *config.Settings, dhis *api.Client) changes.NotifyConfig {
	cfg := changes.NotifyConfig{URL: s.DHIS2.Events.URL, Secret: s.DHIS2.Events.Secret.Reveal(), Timeout: answer,
		Header: http.Header{"User-Agent": {"nehrbridge/" + version}}}
	path, ours := strings.CutPrefix(cfg.URL, dhis.BaseURL())
	if ours && routePath.MatchString(path) {
		cfg.Route = true
		cfg.Header.Set("Authorization", dhis.Authorization())
		cfg.Header.Set("X-Requested-With", "XMLHttpRequest") // 401 instead of a login page
	}
	return cfg
}

// told counts and logs what came of a notification.
func (g *agent) told(t changes.Try) {
	g.meter.tried(toEvents, t)
	if t.Err != nil {
		g.log.Warn().Stringer("trackedEntity", t.TrackedEntity).Str("class", string(t.Class)).Dur("took", t.Took).Err(t.Err).Msg("not notified")
	}
	if t.Paused > 0 {
		g.log.Warn().Dur("pause", t.Paused).Msg("one notification after the other fails: they pause and are tried again")
	}
}

// tell carries out what is to be notified now, for `sync --once`.
func (g *agent) tell(ctx context.Context) error {
	if g.events == nil {
		return nil
	}
	return g.drain(ctx, g.events.ledger, g.events.runner)
}
