package access

import "time"

// Action is what somebody did, or tried.
type Action string

// The actions.
const (
	ActionOpen       Action = "open"    // asked for a record
	ActionRecord     Action = "record"  // read all of it
	ActionRead       Action = "read"    // one resource
	ActionHistory    Action = "history" // its versions
	ActionSearch     Action = "search"
	ActionFind       Action = "find" // looked somebody up, and saw initials at most
	ActionCount      Action = "count"
	ActionBinary     Action = "binary"      // the content of a document
	ActionCreate     Action = "create"      // wrote something new
	ActionUpdate     Action = "update"      // changed something
	ActionDisclose   Action = "disclose"    // took it out: a summary, a link, a download
	ActionAsk        Action = "ask"         // asked for a consent
	ActionAnswer     Action = "answer"      // gave or refused one
	ActionGrant      Action = "grant"       // gave one unasked
	ActionHide       Action = "hide"        // denies
	ActionRevoke     Action = "revoke"      // took one back
	ActionConsents   Action = "consents"    // looked at the consents
	ActionBreakGlass Action = "break-glass" // saw without consent, in an emergency
	ActionLog        Action = "log"         // looked at the log
)

// Entry is one access, permitted or denied. It holds logical ids only, never a
// value of a person.
type Entry struct {
	Seq       int64 // from 1, without a gap
	At        time.Time
	Actor     Kind
	Person    string // "Patient/…" or "Practitioner/…"
	Role      string
	Facility  string
	Subject   string // hash of issuer and subject
	Session   string // hash of the session
	Patient   string // "Patient/…"; empty when what was asked for is no such reference
	Purpose   Purpose
	Action    Action
	Permitted bool
	Reason    Reason
	// Sources are the rules that decided: consents, referrals, a break-glass.
	Sources []string
	// Type and ID are what was asked for; Type "" is the whole record.
	Type, ID string
	// Parameters are the names of those of a search, without their values.
	Parameters []string
	// Classes are the parts of the record that were shown.
	Classes []Class
	// Count is how many resources were shown.
	Count int
	// Code is the reason of a break-glass.
	Code EmergencyCode
	// Hash is SHA-256 over the hash of the entry before and this entry.
	Hash []byte
}

// Filter chooses entries of the log.
type Filter struct {
	From, To   time.Time // both inclusive; zero does not limit
	Person     string    // of the actor
	Facility   string
	Action     Action
	DeniedOnly bool
	Emergency  bool  // only accesses by break-glass, and the break-glass itself
	WithOwn    bool  // also what she did herself
	Before     int64 // only entries before this Seq, for the next page; 0 does not limit
	Limit      int   // newest first; 100 when 0, at most 1000, all when negative
}

// EmergencyCode says what kind of emergency a break-glass is for.
type EmergencyCode string

// The codes of emergencies.
const (
	EmergencyUnconscious EmergencyCode = "unconscious" // she cannot be asked
	EmergencyObstetric   EmergencyCode = "obstetric"   // her life or the child's is in danger now
	EmergencySafety      EmergencyCode = "safety"      // somebody else is in danger
	EmergencyDisaster    EmergencyCode = "disaster"    // many injured, no time to ask
)

// EmergencyCodes are all of them, in the order in which they are offered.
var EmergencyCodes = []EmergencyCode{EmergencyUnconscious, EmergencyObstetric, EmergencySafety, EmergencyDisaster}

// BreakGlass is an access that a clinician took without consent.
type BreakGlass struct {
	ID        string
	Patient   string
	Person    string
	Role      string
	Facility  string
	Code      EmergencyCode
	Text      string // what the clinician wrote; she sees it, no log does
	At, Until time.Time
}
