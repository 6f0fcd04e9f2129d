package main

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/client"
	nehrsandbox "github.com/nehrbridge/nehrbridge/nehr/sandbox"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

//go:embed pages
var pages embed.FS

// demoAddresses is the line that `demo` prints when it is ready.
type demoAddresses struct {
	Start      string `json:"start"`
	DHIS2      string `json:"dhis2"`
	DHIS2Token string `json:"dhis2_token"`
	NEHR       string `json:"nehr"`
}

func (a *app) demo() *cobra.Command {
	var listen, data string
	var people int
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Everything on this machine: sandboxes, one sync, a page to look at",
		Long: "Starts a DHIS2 sandbox with invented mothers and an empty FHIR sandbox, carries the mothers over once, " +
			"and serves a page that shows what the record holds. Contacts nothing outside. Runs until interrupted.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.runDemo(cmd.Context(), listen, data, people)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address of the first page; the sandboxes take the next two ports (0: free ones)")
	cmd.Flags().StringVar(&data, "data", "", "folder that keeps the FHIR sandbox's database (default: in memory)")
	cmd.Flags().IntVar(&people, "mothers", 25, "number of invented mothers")
	return cmd
}

func (a *app) runDemo(ctx context.Context, listen, data string, people int) error {
	listeners, err := listen3(listen)
	if err != nil {
		return usage(err)
	}
	addr := demoAddresses{
		Start: "http://" + listeners[0].Addr().String(), DHIS2: "http://" + listeners[1].Addr().String(),
		DHIS2Token: dhis2sandbox.DefaultToken, NEHR: "http://" + listeners[2].Addr().String() + "/fhir",
	}
	d, err := newDemo(addr, data, people)
	if err != nil {
		return usage(err)
	}
	defer d.nehr.Close()
	serve := startServers(listeners[1:], d.dhis2.Handler(), d.nehr.Handler())
	defer serve.stop()

	fmt.Fprintf(a.err, "Carrying %d invented mothers from the DHIS2 sandbox to the FHIR sandbox …\n", people)
	began := time.Now()
	settings, err := d.settings()
	if err != nil {
		return usage(err)
	}
	folder, err := d.folder(data)
	if err != nil {
		return usage(err)
	}
	if data == "" {
		defer os.RemoveAll(folder)
	}
	settings.Ledger.URL = config.Secret(filepath.Join(folder, "ledger.db"))
	settings.DataDir = folder
	g, err := newAgent(ctx, settings, a.logger().Level(zerolog.Disabled))
	if err != nil {
		return usage(err)
	}
	defer g.close()
	g.nehr, g.accept = "the sandbox of this demo, whatever its port", true
	g.progress = a.progressBar(people)
	if d.counts, err = g.once(ctx); err != nil {
		return unreachable(err)
	}
	d.took = time.Since(began).Round(10 * time.Millisecond)
	if err := d.read(ctx); err != nil {
		return unreachable(err)
	}
	front := startServers(listeners[:1], d.handler())
	defer front.stop()
	fmt.Fprintf(a.err, "\n%d mothers are in the record. Open %s\nStop with Ctrl-C.\n", len(d.mothers), addr.Start)
	if err := a.printJSON(addr); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-serve.failed:
		return unreachable(err)
	case err := <-front.failed:
		return unreachable(err)
	}
}

// demo is the running demo.
type demo struct {
	demoAddresses
	dhis2   *dhis2sandbox.Server
	nehr    *nehrsandbox.Server
	pages   *template.Template
	counts  counts
	took    time.Duration
	mothers []*mother
	types   []typeCount
}

type typeCount struct {
	Name                string
	Resources, Versions int
}

func newDemo(addr demoAddresses, data string, people int) (*demo, error) {
	d := &demo{demoAddresses: addr}
	var err error
	if d.pages, err = template.ParseFS(pages, "pages/*.html"); err != nil {
		return nil, err
	}
	if d.dhis2, err = dhis2sandbox.New(dhis2sandbox.Config{}); err != nil {
		return nil, err
	}
	set, err := dhis2sandbox.Demo(dhis2sandbox.DemoConfig{Mothers: people})
	if err != nil {
		return nil, err
	}
	if err := d.dhis2.Load(set); err != nil {
		return nil, err
	}
	path := ""
	if data != "" {
		if err := os.MkdirAll(data, 0o700); err != nil {
			return nil, err
		}
		path = filepath.Join(data, "nehr-sandbox.db")
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

// folder is where the ledger is kept: the one that was named, or one that goes
// with the demo, as the record in memory does.
func (d *demo) folder(data string) (string, error) {
	if data != "" {
		return data, nil
	}
	return os.MkdirTemp("", "nehrbridge-demo-")
}

// settings are those that an agent needs for these two servers: the defaults,
// whatever the environment says.
func (d *demo) settings() (*config.Settings, error) {
	s, err := config.Load("", nil)
	if err != nil {
		return nil, err
	}
	s.DHIS2.URL, s.DHIS2.Token = d.DHIS2, config.Secret(d.DHIS2Token)
	s.NEHR.URL = d.NEHR
	return s, nil
}

// read takes what the FHIR sandbox holds, through its API.
func (d *demo) read(ctx context.Context) error {
	c, err := client.New(client.Config{BaseURL: d.NEHR})
	if err != nil {
		return err
	}
	if d.mothers, err = readMothers(ctx, c); err != nil {
		return err
	}
	stats, err := d.nehr.Stats(ctx)
	if err != nil {
		return err
	}
	for name, s := range stats {
		d.types = append(d.types, typeCount{name, s.Resources, s.Versions})
	}
	slices.SortFunc(d.types, func(a, b typeCount) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

// handler serves the pages of the demo.
func (d *demo) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		d.page(w, "start.html", map[string]any{
			"Mothers": d.mothers, "Counts": d.counts, "Types": d.types, "Took": d.took.String(), "DHIS2": d.DHIS2, "NEHR": d.NEHR, "Now": time.Now(),
		})
	})
	mux.HandleFunc("GET /mothers/{number}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("number"))
		if err != nil || n < 1 || n > len(d.mothers) {
			http.NotFound(w, r)
			return
		}
		m := d.mothers[n-1]
		d.page(w, "mother.html", map[string]any{
			"Name": m.Name, "Facts": m.Facts(), "Visits": m.VisitList(), "Resources": m.ResourceList(),
		})
	})
	mux.HandleFunc("GET /demo.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, pages, "pages/demo.css")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

func (d *demo) page(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := d.pages.ExecuteTemplate(w, name, data); err != nil {
		// The head of the page is out: only the connection can say so.
		panic(http.ErrAbortHandler)
	}
}

// listen3 takes the address and the two ports after it, or three free ports.
func listen3(address string) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	first, err := strconv.Atoi(port)
	if err != nil || first < 0 || first > 65533 {
		return nil, errors.New("--listen: want a port from 0 to 65533")
	}
	var out []net.Listener
	for i := range 3 {
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

func (s *servers) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, one := range s.running {
		if one.Shutdown(ctx) != nil {
			one.Close()
		}
	}
}
