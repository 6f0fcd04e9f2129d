package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Read gives a document of the server as it stands: path is from /api on, such as
// /api/dataStore/capture/dataEntryForms. What is not there is an *Error that is
// NotFound.
func (c *Client) Read(ctx context.Context, path string, query url.Values) (jsontext.Value, error) {
	body, err := c.get(ctx, path, query)
	if err != nil {
		return nil, err
	}
	v := jsontext.Value(body)
	if !v.IsValid() { // a name twice, or text that is no UTF-8, may mean two things
		return nil, malformed(path, errors.New("not one JSON value"))
	}
	return v, nil
}

// Change sends a document, or deletes one, and gives the server's report, which is
// empty where it sends none. A PATCH is a JSON Patch (RFC 6902). After an
// *UnreachableError it is unknown whether it was done.
func (c *Client) Change(ctx context.Context, method, path string, query url.Values, body jsontext.Value) (jsontext.Value, error) {
	report, err := c.send(ctx, method, path, query, body, http.StatusCreated, http.StatusNoContent)
	return jsontext.Value(report), err
}

// InstallApp sends an app's zip to POST /api/apps; it replaces an app of the same
// key. Needs the authority M_dhis-web-app-management.
func (c *Client) InstallApp(ctx context.Context, zip []byte) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "app.zip")
	if err == nil {
		_, err = part.Write(zip)
	}
	if err = errors.Join(err, form.Close()); err != nil {
		return fmt.Errorf("dhis2/api: pack app: %w", err)
	}
	_, err = c.sendAs(ctx, http.MethodPost, "/api/apps", nil, form.FormDataContentType(), body.Bytes(), http.StatusCreated, http.StatusNoContent)
	return err
}

// Token is a personal access token. Its key is shown once, when it is made.
type Token struct {
	ID  string `json:"uid"`
	Key string `json:"key"`
}

// NewToken makes a token of whoever the client signs in as (POST /api/apiToken).
// methods are those of HTTP that it may be used for, none for all.
func (c *Client) NewToken(ctx context.Context, expires time.Time, methods ...string) (*Token, error) {
	const path = "/api/apiToken"
	type attribute struct {
		Type    string   `json:"type"`
		Methods []string `json:"allowedMethods"`
	}
	wanted := struct {
		Type       string      `json:"type"`
		Expire     int64       `json:"expire"`
		Attributes []attribute `json:"attributes"`
	}{"PERSONAL_ACCESS_TOKEN_V2", expires.UnixMilli(), []attribute{}}
	if len(methods) > 0 {
		wanted.Attributes = append(wanted.Attributes, attribute{"MethodAllowedList", methods})
	}
	body, err := json.Marshal(wanted)
	if err != nil {
		return nil, fmt.Errorf("dhis2/api: make token: %w", err)
	}
	answer, err := c.send(ctx, http.MethodPost, path, nil, body, http.StatusCreated)
	if err != nil {
		return nil, err
	}
	var made struct {
		Response Token `json:"response"`
	}
	if json.Unmarshal(answer, &made) != nil || made.Response.Key == "" {
		// The answer holds a key: nothing of it is shown.
		return nil, malformedAnswer(http.MethodPost, path, errors.New("no key in it"))
	}
	return &made.Response, nil
}
