package api

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Version is a release of DHIS2, such as 2.42.1. The tracker API names its
// parameters by it.
type Version struct{ Major, Minor, Patch int }

// ParseVersion reads "2.42", "2.42.1", "2.42.5.2" and "2.44-SNAPSHOT".
func ParseVersion(s string) (Version, error) {
	head, _, _ := strings.Cut(s, "-")
	parts := strings.Split(head, ".")
	if len(parts) < 2 {
		return Version{}, fmt.Errorf("not a DHIS2 version: want 2.42.1")
	}
	var n [3]int
	for i := range min(len(parts), len(n)) {
		v, err := strconv.Atoi(parts[i])
		if err != nil || v < 0 {
			return Version{}, fmt.Errorf("not a DHIS2 version: want 2.42.1")
		}
		n[i] = v
	}
	return Version{n[0], n[1], n[2]}, nil
}

// String prints major.minor.patch.
func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

// AtLeast reports whether v is major.minor or newer.
func (v Version) AtLeast(major, minor int) bool {
	return v.Major > major || (v.Major == major && v.Minor >= minor)
}

// SystemInfo asks GET /api/system/info. The version that it tells is
// remembered: it decides how lists are asked for.
func (c *Client) SystemInfo(ctx context.Context) (*dhis2.SystemInfo, error) {
	const path = "/api/system/info"
	info, err := document[dhis2.SystemInfo](ctx, c, path, nil)
	if err != nil {
		return nil, err
	}
	v, err := ParseVersion(info.Version)
	if err != nil {
		return nil, malformed(path, err)
	}
	c.setVersion(v)
	return info, nil
}

func (c *Client) setVersion(v Version) {
	c.mu.Lock()
	c.version = v
	c.mu.Unlock()
}

// Version returns the version of the server, asking for it once. SystemInfo
// refreshes it; a list that the server does not understand forgets it, because
// the server may have been upgraded meanwhile.
func (c *Client) Version(ctx context.Context) (Version, error) {
	c.mu.Lock()
	v := c.version
	c.mu.Unlock()
	if v != (Version{}) {
		return v, nil
	}
	info, err := c.SystemInfo(ctx)
	if err != nil {
		return Version{}, err
	}
	return ParseVersion(info.Version)
}

// Me is the user that the client signs in as.
type Me struct {
	ID                      dhis2.UID                `json:"id"`
	Username                string                   `json:"username"`
	Authorities             []string                 `json:"authorities"`
	OrganisationUnits       []dhis2.OrganisationUnit `json:"organisationUnits"`          // data capture
	SearchOrganisationUnits []dhis2.OrganisationUnit `json:"teiSearchOrganisationUnits"` // search
	Programs                []dhis2.UID              `json:"programs"`                   // programs the user may see
}

// Has reports whether the user has an authority; ALL has every one.
func (m *Me) Has(authority string) bool {
	return slices.Contains(m.Authorities, "ALL") || slices.Contains(m.Authorities, authority)
}

// CapturesRoot reports whether the user's capture scope holds a root
// organisation unit. Without it lists of tracked entities may be answered
// with 409 (search scope), or silently hold less.
func (m *Me) CapturesRoot() bool {
	return slices.ContainsFunc(m.OrganisationUnits, func(u dhis2.OrganisationUnit) bool {
		return u.Level == 1 || (u.Path != "" && strings.Count(u.Path, "/") == 1)
	})
}

// Me asks GET /api/me.
func (c *Client) Me(ctx context.Context) (*Me, error) {
	const units = "[id,code,name,path,level]"
	return document[Me](ctx, c, "/api/me", url.Values{
		"fields": {"id,username,authorities,programs,organisationUnits" + units + ",teiSearchOrganisationUnits" + units},
	})
}
