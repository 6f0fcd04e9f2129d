package access

import "time"

// State is where a consent stands.
type State string

// The states of consents.
const (
	Asked     State = "asked"     // waits for her answer
	Active    State = "active"    // holds
	Refused   State = "refused"   // she said no
	Withdrawn State = "withdrawn" // taken back
	Ended     State = "ended"     // its time is over
)

// Consent is one consent as the portals show it.
type Consent struct {
	ID      string
	State   State
	Effect  Effect
	Patient string
	Party   Party
	Purpose []Purpose
	Scope   Scope
	Why     string // what the clinician wrote when asking
	At      time.Time
	// Readable is false of a consent that another system wrote in a way that this
	// one cannot show whole: it may be revoked, and permits nothing here.
	Readable bool
}
