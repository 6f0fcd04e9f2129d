package sandbox

import (
	"maps"

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

	// ProgramMembers are members of programs' documents that dhis2.Program does not
	// have, such as programSections.
	ProgramMembers map[dhis2.UID]map[string]any

	// Public is the access of everybody to program stages and tracked entity types.
	// Defaults to "rwrw----".
	Public map[dhis2.UID]string

	// UserGroups are those of /api/userGroups.
	UserGroups []dhis2.Object
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
	maps.Copy(s.meta.members, d.ProgramMembers)
	maps.Copy(s.meta.public, d.Public)
	for _, g := range d.UserGroups {
		s.object("userGroups")[g.ID.String()] = asMap(g)
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
