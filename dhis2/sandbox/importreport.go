package sandbox

// importReport is the answer of a synchronous import.
type importReport struct {
	Status           string           `json:"status"` // OK, ERROR
	ValidationReport validationReport `json:"validationReport"`
	Stats            importStats      `json:"stats"`
	BundleReport     bundleReport     `json:"bundleReport"`
}

type validationReport struct {
	ErrorReports   []errorReport `json:"errorReports"`
	WarningReports []errorReport `json:"warningReports"`
}

type errorReport struct {
	Message     string   `json:"message"`
	ErrorCode   string   `json:"errorCode"`
	TrackerType string   `json:"trackerType"`
	UID         string   `json:"uid"`
	Args        []string `json:"args"`
}

type importStats struct {
	Created int `json:"created"`
	Updated int `json:"updated"`
	Deleted int `json:"deleted"`
	Ignored int `json:"ignored"`
	Total   int `json:"total"`
}

type bundleReport struct {
	TypeReportMap map[string]*typeReport `json:"typeReportMap"`
}

type typeReport struct {
	TrackerType   string         `json:"trackerType"`
	Stats         importStats    `json:"stats"`
	ObjectReports []objectReport `json:"objectReports"`
}

type objectReport struct {
	TrackerType  string        `json:"trackerType"`
	UID          string        `json:"uid"`
	ErrorReports []errorReport `json:"errorReports"`
}

func newImportReport() *importReport {
	types := map[string]*typeReport{}
	for _, kind := range []string{kindTrackedEntity, kindEnrollment, kindEvent, kindRelationship} {
		types[kind] = &typeReport{TrackerType: kind, ObjectReports: []objectReport{}}
	}
	return &importReport{
		Status:           "OK",
		ValidationReport: validationReport{ErrorReports: []errorReport{}, WarningReports: []errorReport{}},
		BundleReport:     bundleReport{TypeReportMap: types},
	}
}

func (r *importReport) fail(o *object, code, message string, args []string) {
	if args == nil {
		args = []string{}
	}
	r.ValidationReport.ErrorReports = append(r.ValidationReport.ErrorReports,
		errorReport{Message: message, ErrorCode: code, TrackerType: o.kind, UID: o.uid.String(), Args: args})
}

// outcome is what became of an object.
type outcome int

const (
	created outcome = iota
	updated
	deleted
	ignored
)

func (r *importReport) count(o *object, what outcome) {
	kind := r.BundleReport.TypeReportMap[o.kind]
	for _, st := range []*importStats{&r.Stats, &kind.Stats} {
		st.Total++
		switch what {
		case created:
			st.Created++
		case updated:
			st.Updated++
		case deleted:
			st.Deleted++
		case ignored:
			st.Ignored++
		}
	}
	if what != ignored {
		kind.ObjectReports = append(kind.ObjectReports, objectReport{TrackerType: o.kind, UID: o.uid.String(), ErrorReports: []errorReport{}})
	}
}
