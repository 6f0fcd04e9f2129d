package dhis2

// SystemInfo is what GET /api/system/info tells every caller.
type SystemInfo struct {
	ContextPath      string    `json:"contextPath,omitzero"`
	Calendar         string    `json:"calendar,omitzero"`
	DateFormat       string    `json:"dateFormat,omitzero"`
	ServerDate       Timestamp `json:"serverDate,omitzero"`
	ServerTimeZoneID string    `json:"serverTimeZoneId,omitzero"`
	Version          string    `json:"version,omitzero"`
	Revision         string    `json:"revision,omitzero"`
	SystemID         string    `json:"systemId,omitzero"` // a UUID, stable for an instance
	SystemName       string    `json:"systemName,omitzero"`
	InstanceBaseURL  string    `json:"instanceBaseUrl,omitzero"`
}

// OrganisationUnit is one of /api/organisationUnits.
type OrganisationUnit struct {
	ID          UID    `json:"id"`
	Code        string `json:"code,omitzero"`
	Name        string `json:"name,omitzero"`
	ShortName   string `json:"shortName,omitzero"`
	DisplayName string `json:"displayName,omitzero"`
	Path        string `json:"path,omitzero"`
	Level       int    `json:"level,omitzero"`
	Parent      Object `json:"parent,omitzero"`
	Address     string `json:"address,omitzero"`
	PhoneNumber string `json:"phoneNumber,omitzero"`
	Email       string `json:"email,omitzero"`
}

// Object is a reference to a metadata object.
type Object struct {
	ID   UID    `json:"id"`
	Code string `json:"code,omitzero"`
	Name string `json:"name,omitzero"`
}

// Context is what a tracked entity document refers to and does not hold. It
// is the shape of `nehrbridge map --context FILE`.
type Context struct {
	SystemInfo        SystemInfo         `json:"systemInfo,omitzero"`
	OrganisationUnits []OrganisationUnit `json:"organisationUnits,omitzero"`
	Users             []User             `json:"users,omitzero"`
}

// Program is one of /api/programs with its attributes and stages.
type Program struct {
	ID                    UID                `json:"id"`
	Code                  string             `json:"code,omitzero"`
	Name                  string             `json:"name,omitzero"`
	ProgramType           string             `json:"programType,omitzero"` // WITH_REGISTRATION, WITHOUT_REGISTRATION
	TrackedEntityType     Object             `json:"trackedEntityType,omitzero"`
	OnlyEnrollOnce        bool               `json:"onlyEnrollOnce"`
	MinAttributesToSearch int                `json:"minAttributesRequiredToSearch"`
	Access                Access             `json:"access,omitzero"`
	Attributes            []ProgramAttribute `json:"programTrackedEntityAttributes,omitzero"`
	Stages                []ProgramStage     `json:"programStages,omitzero"`
}

// Access is what the asking user may do.
type Access struct {
	Read bool       `json:"read"`
	Data DataAccess `json:"data"`
}

// DataAccess is what the asking user may do with tracker data.
type DataAccess struct {
	Read  bool `json:"read"`
	Write bool `json:"write"`
}

// ProgramAttribute places an attribute in a program.
type ProgramAttribute struct {
	Mandatory bool        `json:"mandatory"`
	Attribute DataElement `json:"trackedEntityAttribute"`
}

// ProgramStage is a form of a program.
type ProgramStage struct {
	ID         UID            `json:"id"`
	Name       string         `json:"name,omitzero"`
	Repeatable bool           `json:"repeatable"`
	Elements   []StageElement `json:"programStageDataElements,omitzero"`
}

// StageElement places a data element in a stage.
type StageElement struct {
	Compulsory  bool        `json:"compulsory"`
	DataElement DataElement `json:"dataElement"`
}

// DataElement is a data element, or a tracked entity attribute, as a UID map
// is compared with it.
type DataElement struct {
	ID              UID              `json:"id"`
	Code            string           `json:"code,omitzero"`
	Name            string           `json:"name,omitzero"`
	ValueType       ValueType        `json:"valueType,omitzero"`
	Unique          bool             `json:"unique,omitzero"`
	Generated       bool             `json:"generated,omitzero"`
	Pattern         string           `json:"pattern,omitzero"`
	OptionSet       *OptionSet       `json:"optionSet,omitzero"`
	AttributeValues []AttributeValue `json:"attributeValues,omitzero"`
}

// OptionSet is the closed list of answers of an element.
type OptionSet struct {
	ID      UID      `json:"id"`
	Name    string   `json:"name,omitzero"`
	Options []Option `json:"options,omitzero"`
}

// Option is one answer: DHIS2 stores the code, never the name.
type Option struct {
	Code string `json:"code"`
	Name string `json:"name,omitzero"`
}

// AttributeValue is a metadata attribute, such as a LOINC code.
type AttributeValue struct {
	Value     string `json:"value"`
	Attribute Object `json:"attribute"`
}
