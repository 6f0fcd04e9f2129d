package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// demoAddresses is the line that `demo` prints when it is ready. rp is where the
// service answers that `nehrbridge rp` is.
type demoAddresses struct {
	Start      string `json:"start"`
	DHIS2      string `json:"dhis2"`
	DHIS2Token string `json:"dhis2_token"`
	NEHR       string `json:"nehr"`
	ESignet    string `json:"esignet"`
	RP         string `json:"rp"`
	Portal     string `json:"portal"`    // where mothers read their records
	Clinician  string `json:"clinician"` // where clinicians do
	Config     string `json:"config"`    // the file with the settings, for other commands
}

type demoFlags struct {
	listen, data, esignet string
	mothers               int
}

func (a *app) demo() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Everything on this machine: sandboxes, the agent, sign-in with eSignet, a page to look at",
		Long: "Starts a DHIS2 sandbox with invented mothers, an empty FHIR sandbox and an eSignet sandbox, carries the mothers over, " +
			"and goes on carrying what changes in DHIS2. DHIS2's users sign in with eSignet. The first page says what to try. " +
			"Contacts nothing outside. Runs until interrupted.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDemo(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "address of the first page; the servers take the next six ports (0: free ones)")
	cmd.Flags().StringVar(&f.data, "data", "", "folder that keeps the FHIR sandbox's database, the ledger and the keys (default: a temporary one)")
	cmd.Flags().StringVar(&f.esignet, "esignet", string(esignetsandbox.V18), "release that the eSignet sandbox plays: 1.6, 1.7, 1.8 or 2.0")
	cmd.Flags().IntVar(&f.mothers, "mothers", 25, "number of invented mothers")
	return cmd
}

// The listeners of the demo, in the order of their ports.
const (
	portStart = iota
	portDHIS2
	portNEHR
	portESignet
	portRP
	portPatient
	portClinician
	demoPorts
)

func (a *app) runDemo(ctx context.Context, f demoFlags) error {
	if !slices.Contains(esignetsandbox.Versions, esignetsandbox.Version(f.esignet)) {
		return usage(errors.New("--esignet: want 1.6, 1.7, 1.8 or 2.0"))
	}
	listeners, err := listenFrom(f.listen, demoPorts)
	if err != nil {
		return usage(err)
	}
	folder, remove, err := demoFolder(f.data)
	if err != nil {
		return usage(err)
	}
	defer remove()
	at := func(port int) string { return "http://" + listeners[port].Addr().String() }
	d, err := newDemo(demoAddresses{
		Start: at(portStart), DHIS2: at(portDHIS2), DHIS2Token: dhis2sandbox.DefaultToken, NEHR: at(portNEHR) + "/fhir",
		ESignet: at(portESignet), RP: at(portRP), Portal: at(portPatient), Clinician: at(portClinician), Config: filepath.Join(folder, "nehrbridge.yaml"),
	}, f)
	if err != nil {
		return usage(err)
	}
	defer d.nehr.Close()
	sandboxes := startServers(listeners[portDHIS2:portRP], d.dhis2.Handler(), d.nehr.Handler(), d.esignet.Handler())
	defer sandboxes.stop()

	// From here on it is what an operator does with servers that are there.
	settings, err := d.setUp(ctx, folder)
	if err != nil {
		return usage(err)
	}
	log := a.logger()
	w, err := wireWeb(ctx, settings, log)
	if err != nil {
		return err
	}
	w.listener = listeners[portRP]
	defer w.close()
	pages, err := wirePortals(ctx, settings, log)
	if err != nil {
		return err
	}
	defer pages.close()
	for i, one := range pages.served {
		one.listener = listeners[portPatient+i]
	}
	if d.agent, err = newAgent(ctx, settings, log.Level(zerolog.Disabled)); err != nil {
		return usage(err)
	}
	defer d.agent.close()
	return together(ctx, sandboxes.wait,
		// DHIS2 asks through its Routes whether the service behind them is there, and
		// waits for one that has a port and does not answer.
		func(ctx context.Context) error { return w.run(ctx, log) },
		func(ctx context.Context) error { return pages.run(ctx, log) },
		func(ctx context.Context) error {
			if err := d.placeForms(ctx, a, settings); err != nil {
				return usage(err)
			}
			if err := d.first(ctx, a, f.mothers); err != nil {
				return unreachable(err)
			}
			if err := d.specialist(ctx, pages); err != nil {
				return unreachable(err)
			}
			d.agent.log, d.agent.beside = log, w
			front := startServers(listeners[:portDHIS2], d.handler())
			defer front.stop()
			fmt.Fprintf(a.err, "\n%d mothers are in the record. Open %s\nStop with Ctrl-C.\n", len(d.now.mothers), d.Start)
			if err := a.printJSON(d.demoAddresses); err != nil {
				return err
			}
			return together(ctx, func(ctx context.Context) error { return d.agent.watch(ctx, settings) }, front.wait)
		})
}

// demo is the running demo.
type demo struct {
	demoAddresses
	dhis2   *dhis2sandbox.Server
	nehr    *nehrsandbox.Server
	esignet *esignetsandbox.Server
	agent   *agent
	took    time.Duration
	now     demoRecord
}

// newDemo makes the three sandboxes; the mothers are in DHIS2, the staff in DHIS2
// and at eSignet.
func newDemo(addr demoAddresses, f demoFlags) (*demo, error) {
	d := &demo{demoAddresses: addr}
	set, err := dhis2sandbox.Demo(dhis2sandbox.DemoConfig{Mothers: f.mothers})
	if err != nil {
		return nil, err
	}
	if d.dhis2, err = dhis2sandbox.New(dhis2sandbox.Config{RemoteServersAllowed: []string{addr.RP}}); err != nil {
		return nil, err
	}
	verified(set.TrackedEntities)
	set.Users = append(set.Users, demoStaff()...)
	set.UserGroups = append(set.UserGroups, dhis2.Object{ID: demoRoutes, Name: "Who registers mothers"})
	if err := d.dhis2.Load(set); err != nil {
		return nil, err
	}
	if d.esignet, err = esignetsandbox.New(esignetsandbox.Config{
		Version: esignetsandbox.Version(f.esignet), URL: addr.ESignet, PublishUserinfoKey: true,
	}); err != nil {
		return nil, err
	}
	path := ""
	if f.data != "" {
		path = filepath.Join(f.data, "nehr-sandbox.db")
	}
	validator, err := validate.New(validate.Config{})
	if err != nil {
		return nil, err
	}
	d.nehr, err = nehrsandbox.New(nehrsandbox.Config{
		Path: path, BaseURL: addr.NEHR, Validate: func(r []byte) error { return judge(validator, r) },
	})
	return d, err
}

// demoFolder is where ledger, keys and settings are kept: the one that was named,
// or one that goes with the demo, as the record in memory does.
func demoFolder(data string) (folder string, remove func(), err error) {
	if data == "" {
		folder, err = os.MkdirTemp("", "nehrbridge-demo-")
		return folder, func() { os.RemoveAll(folder) }, err
	}
	if data, err = filepath.Abs(data); err == nil {
		err = os.MkdirAll(data, 0o700)
	}
	return data, func() {}, err
}

// first carries the mothers over for the first time.
func (d *demo) first(ctx context.Context, a *app, mothers int) error {
	fmt.Fprintf(a.err, "Carrying %d invented mothers from the DHIS2 sandbox to the FHIR sandbox …\n", mothers)
	began := time.Now()
	g := d.agent
	g.nehr, g.accept = "the sandbox of this demo, whatever its port", true
	g.progress = a.progressBar(mothers)
	if _, err := g.once(ctx); err != nil {
		return err
	}
	g.seen, g.progress = nil, nil
	d.took = time.Since(began).Round(10 * time.Millisecond)
	_, err := d.look(ctx)
	return err
}

// listenFrom takes n ports from an address on, or n free ones.
func listenFrom(address string, n int) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	first, err := strconv.Atoi(port)
	if last := 65536 - n; err != nil || first < 0 || first > last {
		return nil, fmt.Errorf("--listen: want a port from 0 to %d", last)
	}
	var out []net.Listener
	for i := range n {
		next := 0
		if first != 0 {
			next = first + i
		}
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(next)))
		if err != nil {
			for _, open := range out {
				open.Close()
			}
			return nil, fmt.Errorf("--listen: %w (choose another port, or 0 for free ones)", err)
		}
		out = append(out, l)
	}
	return out, nil
}

// servers are HTTP servers that run until they are stopped.
type servers struct {
	running []*http.Server
	failed  chan error
}

func startServers(listeners []net.Listener, handlers ...http.Handler) *servers {
	s := &servers{failed: make(chan error, len(listeners))}
	for i, l := range listeners {
		one := &http.Server{Handler: handlers[i], ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
		s.running = append(s.running, one)
		go func() {
			if err := one.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				s.failed <- err
			}
		}()
	}
	return s
}

// wait gives the error of the first server that failed, or nil when ctx ends.
func (s *servers) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return unreachable(err)
	}
}

func (s *servers) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, one := range s.running {
		if one.Shutdown(ctx) != nil {
			one.Close()
		}
	}
}
