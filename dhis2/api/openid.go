package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// ErrNoUser says that no user has a name.
var ErrNoUser = errors.New("dhis2/api: no user of that name")

// openIDUser are the members that decide whether a user signs in by OpenID.
type openIDUser struct {
	ID           dhis2.UID `json:"id"`
	Username     string    `json:"username"`
	OpenID       string    `json:"openId"`
	ExternalAuth bool      `json:"externalAuth"`
}

// LinkOpenID makes a user sign in as the one whom a provider's mapping claim gives
// as value (PATCH /api/users/{id}): openId is the value, externalAuth true. It
// changes nothing that is so already. [ErrNoUser] says that there is no such user.
// Needs the right to update users.
func (c *Client) LinkOpenID(ctx context.Context, name, value string) error {
	user, err := c.openIDUser(ctx, name)
	if err != nil || user.OpenID == value && user.ExternalAuth {
		return err
	}
	return c.patchUser(ctx, user.ID, []patchOperation{{"add", "/openId", value}, {"add", "/externalAuth", true}})
}

// UnlinkOpenID takes a value away from a user who has it. One who has another, or
// none, stays as he is.
func (c *Client) UnlinkOpenID(ctx context.Context, name, value string) error {
	user, err := c.openIDUser(ctx, name)
	if err != nil || user.OpenID != value {
		return err
	}
	return c.patchUser(ctx, user.ID, []patchOperation{{Op: "remove", Path: "/openId"}})
}

// patchOperation is one of a JSON Patch (RFC 6902).
type patchOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitzero"`
}

func (c *Client) openIDUser(ctx context.Context, name string) (u openIDUser, err error) {
	if !username.MatchString(name) {
		return u, ErrNoUser
	}
	found, err := metadata[openIDUser](ctx, c, "users", "username", []string{name}, "id,username,openId,externalAuth")
	if err != nil {
		return u, err
	}
	if len(found) != 1 || found[0].Username != name {
		return u, ErrNoUser
	}
	return found[0], nil
}

func (c *Client) patchUser(ctx context.Context, id dhis2.UID, patch []patchOperation) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("dhis2/api: link user: %w", err)
	}
	_, err = c.send(ctx, http.MethodPatch, "/api/users/"+id.String(), nil, body)
	return err
}
