package api

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Account is what a user of DHIS2 may do, as far as a service that acts for
// users has to know.
type Account struct {
	ID         dhis2.UID      `json:"id"`
	Username   string         `json:"username"`
	Disabled   bool           `json:"disabled"`
	Units      []dhis2.Object `json:"organisationUnits"` // data capture: these and what lies below
	UserGroups []dhis2.Object `json:"userGroups"`
	Roles      []struct {
		Authorities []string `json:"authorities"`
	} `json:"userRoles"`
}

// Account reads one user by name, nil where there is none. A caller without the
// right to see users gets an *Error that is Forbidden.
func (c *Client) Account(ctx context.Context, name string) (*Account, error) {
	if !username.MatchString(name) {
		return nil, nil
	}
	found, err := metadata[Account](ctx, c, "users", "username", []string{name},
		"id,username,disabled,organisationUnits[id],userGroups[id],userRoles[authorities]")
	if err != nil {
		return nil, err
	}
	for i := range found {
		if found[i].Username == name {
			return &found[i], nil
		}
	}
	return nil, nil
}

// Has reports whether the user has an authority; ALL has every one.
func (a *Account) Has(authority string) bool {
	return slices.ContainsFunc(a.Roles, func(r struct {
		Authorities []string `json:"authorities"`
	}) bool {
		return slices.Contains(r.Authorities, "ALL") || slices.Contains(r.Authorities, authority)
	})
}

// Captures reports whether the user may enter data in an organisation unit: one
// of the user's lies on its path. A unit without a path is nobody's.
func (a *Account) Captures(u dhis2.OrganisationUnit) bool {
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	return path[len(path)-1] == u.ID.String() && slices.ContainsFunc(a.Units, func(own dhis2.Object) bool {
		return !own.ID.IsZero() && slices.Contains(path, own.ID.String())
	})
}

// Sharing is who may do what with a metadata object: the public, users and groups
// of users. In an access of eight characters the third and fourth are r and w for
// reading and writing data.
type Sharing struct {
	Public     string            `json:"public"`
	Users      map[string]Access `json:"users"`
	UserGroups map[string]Access `json:"userGroups"`
}

// Access is that of one user or group.
type Access struct {
	Access string `json:"access"`
}

// WritesData reports whether a user may write data of what is shared so.
func (s *Sharing) WritesData(a *Account) bool {
	writes := func(access string) bool { return len(access) >= 4 && access[3] == 'w' }
	if a.Has("ALL") || writes(s.Public) || writes(s.Users[a.ID.String()].Access) {
		return true
	}
	return slices.ContainsFunc(a.UserGroups, func(g dhis2.Object) bool { return writes(s.UserGroups[g.ID.String()].Access) })
}

// ProgramSharing reads who may do what with a program at an organisation unit that
// it is assigned to: nil where it is not, where there is no such program, or where
// the caller may not see it.
func (c *Client) ProgramSharing(ctx context.Context, program, orgUnit dhis2.UID) (*Sharing, error) {
	const path = "/api/programs"
	// DHIS2 filters: a program may be assigned to thousands of units.
	body, err := c.get(ctx, path, url.Values{
		"filter": {"id:eq:" + program.String(), "organisationUnits.id:eq:" + orgUnit.String()},
		"fields": {"id,sharing"}, "paging": {"false"},
	})
	if err != nil {
		return nil, err
	}
	found, err := dhis2.DecodePage[struct {
		ID      dhis2.UID `json:"id"`
		Sharing Sharing   `json:"sharing"`
	}](body, "programs")
	if err != nil {
		return nil, malformed(path, err)
	}
	for _, p := range found.Items {
		if p.ID == program {
			return &p.Sharing, nil
		}
	}
	return nil, nil
}
