package sandbox

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Dataset is what a server can be filled with.
type Dataset struct {
	Programs          []dhis2.Program
	OrganisationUnits []dhis2.OrganisationUnit
	Users             []User
	TrackedEntities   []dhis2.TrackedEntity
	Routes            []Route

	// TypeAttributes are the attributes of tracked entity types themselves,
	// which stand at the tracked entity without program=. The antenatal care
	// programs have none.
	TypeAttributes map[dhis2.UID][]dhis2.UID
}

// Load adds a dataset. What has the UID of something that is there replaces
// it.
func (s *Server) Load(d Dataset) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range d.Programs {
		if old := s.meta.program(p.ID); old != nil {
			*old = p
		} else {
			s.meta.programs = append(s.meta.programs, p)
		}
	}
	for _, u := range d.OrganisationUnits {
		s.setUnit(u)
	}
	for _, u := range d.Users {
		s.setUser(u)
	}
	for typ, attributes := range d.TypeAttributes {
		if s.meta.typeAttributes == nil {
			s.meta.typeAttributes = map[dhis2.UID][]dhis2.UID{}
		}
		s.meta.typeAttributes[typ] = attributes
	}
	for _, rt := range d.Routes {
		if err := s.setRoute(rt); err != nil {
			return err
		}
	}
	for _, te := range d.TrackedEntities {
		if err := s.put(te); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) setUnit(u dhis2.OrganisationUnit) {
	for i := range s.meta.units {
		if s.meta.units[i].ID == u.ID {
			s.meta.units[i] = u
			return
		}
	}
	s.meta.units = append(s.meta.units, u)
}
