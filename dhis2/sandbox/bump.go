package sandbox

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// touch marks a tracked entity as updated in the transaction of the change
// itself: its own attributes, and every deletion below it.
func (r *record) touch(now dhis2.Timestamp, by dhis2.User) { r.te.UpdatedAt, r.te.UpdatedBy = now, by }

// bump marks a tracked entity as updated because an enrollment or event of
// its was written. DHIS2 does that in a transaction of its own after the
// import's commit; HoldBumps opens the gap between the two.
func (s *Server) bump(r *record, now dhis2.Timestamp, by dhis2.User) {
	if s.holding {
		s.held = append(s.held, heldBump{r, by})
		return
	}
	r.touch(now, by)
}

type heldBump struct {
	rec *record
	by  dhis2.User
}

// HoldBumps lets changes of enrollments and events become visible while the
// updatedAt of their tracked entity stays, until ReleaseBumps or LoseBumps.
func (s *Server) HoldBumps() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding = true
}

// ReleaseBumps writes the updatedAt that were held back, with the time of now.
func (s *Server) ReleaseBumps() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.held {
		h.rec.touch(s.stamp(), h.by)
	}
	s.holding, s.held = false, nil
}

// LoseBumps drops the updatedAt that were held back, as a server that was
// killed between the two transactions: only the sibling lists tell of the
// change.
func (s *Server) LoseBumps() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding, s.held = false, nil
}
