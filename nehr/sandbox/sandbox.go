package sandbox

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Banner is the value of the header X-Sandbox, which every answer carries.
const Banner = "nehrbridge NEHR sandbox"

// Config says how a sandbox is to be. The zero value is a server in memory
// under /fhir.
type Config struct {
	// Path is the database file; empty or ":memory:" keeps all in memory.
	Path string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Prefix is the path of the FHIR base; "/fhir" when empty.
	Prefix string
	// BaseURL is the absolute FHIR base, Prefix included, that fullUrl, Location
	// and links are made with; when empty it is taken from each request.
	BaseURL string
	// Token, when set, is demanded as a bearer token, for /metadata too.
	Token string
	// Validate, when set, judges each resource before it is stored (422 on an
	// error) and answers $validate. An error may give an OperationOutcome (JSON)
	// by a method OperationOutcome() []byte.
	Validate func(resource []byte) error
	// MaxBody is the largest request in bytes; 16 MiB when 0. Larger ones are 413.
	MaxBody int64
	// PageSize is the number of entries per page where _count is not given; 20 when 0.
	PageSize int
}

// Server is a FHIR R4 server. It is safe for use by many goroutines; requests
// are carried out one after the other.
type Server struct {
	config Config
	db     *sql.DB
	pages  pages
	faults faults
}

// New opens or creates the database and gives the server that works on it.
func New(c Config) (*Server, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Prefix == "" {
		c.Prefix = "/fhir"
	}
	c.Prefix = "/" + strings.Trim(c.Prefix, "/")
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	if c.MaxBody <= 0 {
		c.MaxBody = 16 << 20
	}
	if c.PageSize <= 0 {
		c.PageSize = 20
	}
	db, err := open(c.Path)
	if err != nil {
		return nil, err
	}
	return &Server{config: c, db: db}, nil
}

// Close closes the database.
func (s *Server) Close() error { return s.db.Close() }

// Stats are the counts of one resource type.
type Stats struct {
	Resources int // that stand, deleted ones not counted
	Versions  int // ever written, deletions included
}

// Stats counts what is stored, by resource type.
func (s *Server) Stats(ctx context.Context) (map[string]Stats, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT type, sum(1 - deleted), sum(version) FROM resource GROUP BY type")
	if err != nil {
		return nil, fmt.Errorf("count the sandbox's resources: %w", err)
	}
	defer rows.Close()
	counts := map[string]Stats{}
	for rows.Next() {
		var typ string
		var c Stats
		if err := rows.Scan(&typ, &c.Resources, &c.Versions); err != nil {
			return nil, err
		}
		counts[typ] = c
	}
	return counts, rows.Err()
}

// with runs f in one SQL transaction, which stands only when f gives no error.
func (s *Server) with(r *http.Request, f func(*session) error) error {
	// A client that goes away does not cut what was begun: requests are short,
	// and a database in memory must not lose its one connection.
	ctx := context.WithoutCancel(r.Context())
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	// Milliseconds, as they are stored: what is answered equals what is read later.
	now := s.config.Now().UTC().Truncate(time.Millisecond)
	if err := f(&session{ctx: ctx, tx: tx, server: s, base: s.base(r), now: now, stmts: map[string]*sql.Stmt{}}); err != nil {
		return err
	}
	return tx.Commit()
}

// base is the absolute FHIR base for the links of one answer.
func (s *Server) base(r *http.Request) string {
	if s.config.BaseURL != "" {
		return s.config.BaseURL
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + s.config.Prefix
}

// check lets the configured validator judge a resource.
func (s *Server) check(resource *fhirjson.Value) error {
	if s.config.Validate == nil {
		return nil
	}
	if err := s.config.Validate(resource.Encode()); err != nil {
		return invalid(err)
	}
	return nil
}

// invalid is the refusal of a resource that the validator found wrong.
func invalid(err error) *fault {
	f := refuse(http.StatusUnprocessableEntity, "invariant", "%v", err)
	if o, ok := err.(interface{ OperationOutcome() []byte }); ok {
		if detail, e := fhirjson.Parse(o.OperationOutcome()); e == nil {
			f.detail = detail
		}
	}
	return f
}
