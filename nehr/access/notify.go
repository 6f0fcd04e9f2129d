package access

import (
	"context"
	"time"
)

// Notice tells the privacy officer of a break-glass. It names logical ids only.
type Notice struct {
	ID       string        `json:"id"`
	At       time.Time     `json:"at"`
	Until    time.Time     `json:"until"`
	Patient  string        `json:"patient"`
	Person   string        `json:"practitioner"`
	Role     string        `json:"role,omitempty"`
	Facility string        `json:"facility,omitempty"`
	Code     EmergencyCode `json:"code"`
}

// Notifier is told of each break-glass. An error is kept and tried again by
// Forward; it does not stop the clinician, for whom minutes count.
type Notifier interface {
	Notify(context.Context, Notice) error
}
