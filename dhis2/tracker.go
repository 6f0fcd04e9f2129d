package dhis2

import "github.com/go-json-experiment/json/jsontext"

// TrackedEntity is one element of GET /api/tracker/trackedEntities with its
// enrollments and events (fields=*). Members that a version does not send
// stay zero. The order of arrays is that of the document and means nothing:
// DHIS2 prints sets.
type TrackedEntity struct {
	TrackedEntity      UID            `json:"trackedEntity,omitzero"`
	TrackedEntityType  UID            `json:"trackedEntityType,omitzero"`
	CreatedAt          Timestamp      `json:"createdAt,omitzero"`
	UpdatedAt          Timestamp      `json:"updatedAt,omitzero"`
	OrgUnit            UID            `json:"orgUnit,omitzero"`
	Inactive           bool           `json:"inactive"`
	Deleted            bool           `json:"deleted"`
	PotentialDuplicate bool           `json:"potentialDuplicate"`
	CreatedBy          User           `json:"createdBy,omitzero"`
	UpdatedBy          User           `json:"updatedBy,omitzero"`
	Attributes         []Attribute    `json:"attributes"`
	Enrollments        []Enrollment   `json:"enrollments,omitzero"`
	ProgramOwners      []ProgramOwner `json:"programOwners,omitzero"`
	Relationships      []Relationship `json:"relationships,omitzero"`
}

// Attribute is a value of a tracked entity attribute. Attributes of the
// tracked entity type stand at the tracked entity; those of the program at
// the enrollment, and at the tracked entity too when program= was asked.
type Attribute struct {
	Attribute   UID       `json:"attribute"`
	Code        string    `json:"code,omitzero"`
	DisplayName string    `json:"displayName,omitzero"`
	CreatedAt   Timestamp `json:"createdAt,omitzero"`
	UpdatedAt   Timestamp `json:"updatedAt,omitzero"`
	ValueType   ValueType `json:"valueType,omitzero"`
	Value       string    `json:"value,omitzero"`
}

// EnrollmentStatus is the state of an enrollment.
type EnrollmentStatus string

// The states of an enrollment.
const (
	EnrollmentActive    EnrollmentStatus = "ACTIVE"
	EnrollmentCompleted EnrollmentStatus = "COMPLETED"
	EnrollmentCancelled EnrollmentStatus = "CANCELLED"
)

// Enrollment is the participation of a tracked entity in a program.
// EnrolledAt and OccurredAt are dates printed as midnight.
type Enrollment struct {
	Enrollment     UID              `json:"enrollment"`
	CreatedAt      Timestamp        `json:"createdAt,omitzero"`
	UpdatedAt      Timestamp        `json:"updatedAt,omitzero"`
	TrackedEntity  UID              `json:"trackedEntity,omitzero"`
	Program        UID              `json:"program,omitzero"`
	Status         EnrollmentStatus `json:"status,omitzero"`
	OrgUnit        UID              `json:"orgUnit,omitzero"`
	EnrolledAt     Timestamp        `json:"enrolledAt,omitzero"`
	OccurredAt     Timestamp        `json:"occurredAt,omitzero"`
	FollowUp       bool             `json:"followUp"`
	FollowUpLegacy bool             `json:"followup,omitzero"` // spelling of 2.40
	CompletedBy    string           `json:"completedBy,omitzero"`
	CompletedAt    Timestamp        `json:"completedAt,omitzero"`
	Deleted        bool             `json:"deleted"`
	CreatedBy      User             `json:"createdBy,omitzero"`
	UpdatedBy      User             `json:"updatedBy,omitzero"`
	Attributes     []Attribute      `json:"attributes,omitzero"`
	Events         []Event          `json:"events"`
	Notes          []Note           `json:"notes,omitzero"`
}

// NeedsFollowUp reads both spellings (followup in 2.40, followUp since 2.41).
func (e *Enrollment) NeedsFollowUp() bool { return e.FollowUp || e.FollowUpLegacy }

// EventStatus is the state of an event.
type EventStatus string

// The states of an event.
const (
	EventActive    EventStatus = "ACTIVE"
	EventCompleted EventStatus = "COMPLETED"
	EventVisited   EventStatus = "VISITED"
	EventScheduled EventStatus = "SCHEDULE"
	EventOverdue   EventStatus = "OVERDUE"
	EventSkipped   EventStatus = "SKIPPED"
)

// Event is one visit in a program stage.
type Event struct {
	Event          UID         `json:"event"`
	Status         EventStatus `json:"status,omitzero"`
	Program        UID         `json:"program,omitzero"`
	ProgramStage   UID         `json:"programStage,omitzero"`
	Enrollment     UID         `json:"enrollment,omitzero"`
	TrackedEntity  UID         `json:"trackedEntity,omitzero"`
	OrgUnit        UID         `json:"orgUnit,omitzero"`
	OccurredAt     Timestamp   `json:"occurredAt,omitzero"`
	ScheduledAt    Timestamp   `json:"scheduledAt,omitzero"`
	FollowUp       bool        `json:"followUp"`
	FollowUpLegacy bool        `json:"followup,omitzero"` // spelling of 2.40; 2.41 sends both
	Deleted        bool        `json:"deleted"`
	CreatedAt      Timestamp   `json:"createdAt,omitzero"`
	UpdatedAt      Timestamp   `json:"updatedAt,omitzero"`
	CompletedBy    string      `json:"completedBy,omitzero"` // a user name
	CompletedAt    Timestamp   `json:"completedAt,omitzero"`
	CreatedBy      User        `json:"createdBy,omitzero"`
	UpdatedBy      User        `json:"updatedBy,omitzero"`
	AssignedUser   User        `json:"assignedUser,omitzero"`
	DataValues     []DataValue `json:"dataValues"`
	Notes          []Note      `json:"notes,omitzero"`
}

// NeedsFollowUp reads both spellings.
func (e *Event) NeedsFollowUp() bool { return e.FollowUp || e.FollowUpLegacy }

// DataValue is the answer to one data element. It has neither a code nor a
// value type: those come from the UID map or from metadata.
type DataValue struct {
	CreatedAt         Timestamp `json:"createdAt,omitzero"`
	UpdatedAt         Timestamp `json:"updatedAt,omitzero"`
	StoredBy          string    `json:"storedBy,omitzero"` // until 2.43
	ProvidedElsewhere bool      `json:"providedElsewhere"`
	DataElement       UID       `json:"dataElement"`
	Value             string    `json:"value,omitzero"`
	CreatedBy         User      `json:"createdBy,omitzero"`
	UpdatedBy         User      `json:"updatedBy,omitzero"`
}

// Note is a free text that somebody left on an enrollment or event.
type Note struct {
	Note      UID       `json:"note"`
	StoredAt  Timestamp `json:"storedAt,omitzero"`
	Value     string    `json:"value,omitzero"`
	CreatedBy User      `json:"createdBy,omitzero"`
}

// ProgramOwner names the organisation unit that owns a tracked entity in a
// program.
type ProgramOwner struct {
	OrgUnit       UID `json:"orgUnit"`
	TrackedEntity UID `json:"trackedEntity"`
	Program       UID `json:"program"`
}

// Relationship joins two tracker objects. From and To hold exactly one of
// {trackedEntity}, {enrollment}, {event}, kept as sent.
type Relationship struct {
	Relationship     UID            `json:"relationship"`
	RelationshipType UID            `json:"relationshipType,omitzero"`
	CreatedAt        Timestamp      `json:"createdAt,omitzero"`
	UpdatedAt        Timestamp      `json:"updatedAt,omitzero"`
	Bidirectional    bool           `json:"bidirectional"`
	From             jsontext.Value `json:"from,omitzero"`
	To               jsontext.Value `json:"to,omitzero"`
}

// User is a person as a tracker document names one (a snapshot in which
// members are often missing) or as /api/users describes one.
type User struct {
	UID         UID    `json:"uid,omitzero"`
	ID          UID    `json:"id,omitzero"` // spelling of /api/users
	Username    string `json:"username,omitzero"`
	FirstName   string `json:"firstName,omitzero"`
	Surname     string `json:"surname,omitzero"`
	DisplayName string `json:"displayName,omitzero"`
	PhoneNumber string `json:"phoneNumber,omitzero"`
	Email       string `json:"email,omitzero"`
}

// Identity is the user's UID, whichever spelling the document used.
func (u User) Identity() UID {
	if u.UID.IsZero() {
		return u.ID
	}
	return u.UID
}
