package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Payload is the body of POST /api/tracker: nested documents, flat ones, or
// both. Objects without a UID are given one by the server; whoever may have to
// ask again gives them one beforehand, so that the second time finds them.
type Payload struct {
	TrackedEntities []dhis2.TrackedEntity `json:"trackedEntities,omitzero"`
	Enrollments     []dhis2.Enrollment    `json:"enrollments,omitzero"`
	Events          []dhis2.Event         `json:"events,omitzero"`
}

// ImportStrategy says what an import does with what exists and what does not.
type ImportStrategy string

// The strategies. Create refuses what exists: an event that is sent twice is
// made once.
const (
	CreateAndUpdate ImportStrategy = "CREATE_AND_UPDATE"
	Create          ImportStrategy = "CREATE"
	Update          ImportStrategy = "UPDATE"
	Delete          ImportStrategy = "DELETE"
)

// ImportOptions says how to import. The zero value creates and updates, all or
// nothing.
type ImportOptions struct {
	Strategy ImportStrategy // defaults to CreateAndUpdate

	// Single leaves out the objects that are refused and imports the others
	// (atomicMode=OBJECT).
	Single bool

	// Validate checks and writes nothing (importMode=VALIDATE).
	Validate bool
}

// ImportReport is what became of an import.
type ImportReport struct {
	Status   string // OK, WARNING, ERROR
	Created  int
	Updated  int
	Deleted  int
	Ignored  int // with Single an import that ignores objects is a success all the same
	Refusals []Refusal
}

// Complete reports whether everything that was sent was imported. DHIS2
// answers 200 also where single objects were left out.
func (r *ImportReport) Complete() bool {
	return r.Status != "ERROR" && r.Ignored == 0 && len(r.Refusals) == 0
}

// Has reports whether something was refused with a code, such as E1030.
func (r *ImportReport) Has(code string) bool {
	for _, f := range r.Refusals {
		if f.Code == code {
			return true
		}
	}
	return false
}

// Refusal says which object was refused and why: the code alone, because the
// server's words quote values.
type Refusal struct {
	Code string    // such as E1064
	Kind string    // TRACKED_ENTITY, ENROLLMENT, EVENT, RELATIONSHIP
	UID  dhis2.UID // of the object
}

func (f Refusal) String() string { return f.Kind + " " + f.UID.String() + ": " + f.Code }

// Import sends POST /api/tracker and waits for it (async=false). What the
// server refuses is no error but in the report; every other failure is an
// *Error, or an *UnreachableError, after which it is unknown whether the
// import happened.
func (c *Client) Import(ctx context.Context, p Payload, o ImportOptions) (*ImportReport, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("dhis2/api: import: %w", err)
	}
	return c.importDocument(ctx, body, o)
}

func (c *Client) importDocument(ctx context.Context, body []byte, o ImportOptions) (*ImportReport, error) {
	const path = "/api/tracker"
	if o.Strategy == "" {
		o.Strategy = CreateAndUpdate
	}
	query := url.Values{"async": {"false"}, "importStrategy": {string(o.Strategy)}, "atomicMode": {"ALL"}, "reportMode": {"ERRORS"}}
	if o.Single {
		query.Set("atomicMode", "OBJECT")
	}
	if o.Validate {
		query.Set("importMode", "VALIDATE")
	}
	answer, err := c.send(ctx, http.MethodPost, path, query, body, http.StatusConflict)
	if err != nil {
		return nil, err
	}
	var report struct {
		Status           string `json:"status"`
		HTTPStatusCode   int    `json:"httpStatusCode"` // of a WebMessage that is no report
		ValidationReport struct {
			ErrorReports []struct {
				ErrorCode   string    `json:"errorCode"`
				TrackerType string    `json:"trackerType"`
				UID         dhis2.UID `json:"uid"`
			} `json:"errorReports"`
		} `json:"validationReport"`
		Stats *struct {
			Created int `json:"created"`
			Updated int `json:"updated"`
			Deleted int `json:"deleted"`
			Ignored int `json:"ignored"`
		} `json:"stats"`
	}
	if err := dhis2.Decode(answer, &report); err != nil {
		return nil, malformedAnswer(http.MethodPost, path, err)
	}
	switch {
	case report.HTTPStatusCode != 0 && report.HTTPStatusCode != http.StatusOK:
		return nil, statusError(http.MethodPost, path, report.HTTPStatusCode, http.Header{}, answer, c.cfg.Now())
	case report.Stats == nil || report.Status == "":
		return nil, malformedAnswer(http.MethodPost, path, errors.New("not an import report"))
	}
	r := &ImportReport{Status: report.Status, Created: report.Stats.Created, Updated: report.Stats.Updated,
		Deleted: report.Stats.Deleted, Ignored: report.Stats.Ignored}
	for _, e := range report.ValidationReport.ErrorReports {
		if !errorCode.MatchString(e.ErrorCode) {
			e.ErrorCode = "unknown"
		}
		r.Refusals = append(r.Refusals, Refusal{Code: e.ErrorCode, Kind: kindOf(e.TrackerType), UID: e.UID})
	}
	return r, nil
}

// kindOf keeps the words of DHIS2 that are known to name a kind.
func kindOf(text string) string {
	switch text {
	case "TRACKED_ENTITY", "ENROLLMENT", "EVENT", "RELATIONSHIP":
		return text
	}
	return "OBJECT"
}
