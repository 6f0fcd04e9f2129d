package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// frame is what an update of a tracked entity replaces besides the attributes
// that it names: it is sent back as it was read.
type frame struct {
	TrackedEntity      dhis2.UID         `json:"trackedEntity"`
	TrackedEntityType  dhis2.UID         `json:"trackedEntityType"`
	OrgUnit            dhis2.UID         `json:"orgUnit"`
	Inactive           bool              `json:"inactive"`
	PotentialDuplicate bool              `json:"potentialDuplicate"`
	Geometry           jsontext.Value    `json:"geometry,omitzero"`
	Attributes         []attributeUpdate `json:"attributes,omitzero"`
}

type attributeUpdate struct {
	Attribute dhis2.UID `json:"attribute"`
	Value     string    `json:"value"`
}

// SetAttribute writes one attribute value of a tracked entity (POST
// /api/tracker, UPDATE) and leaves everything else as it is: its other
// attributes, its place, its enrollments. Whatever stood there is replaced:
// DHIS2 knows no condition, so whoever wants one reads before and after. It
// reports as Import does; a tracked entity that was deleted is an *Error that
// is NotFound.
func (c *Client) SetAttribute(ctx context.Context, trackedEntity, program, attribute dhis2.UID, value string) (*ImportReport, error) {
	if trackedEntity.IsZero() || attribute.IsZero() || value == "" {
		return nil, errors.New("dhis2/api: set attribute: tracked entity, attribute and a value are needed")
	}
	query := url.Values{"fields": {"trackedEntity,trackedEntityType,orgUnit,inactive,potentialDuplicate,geometry"}}
	if !program.IsZero() {
		query.Set("program", program.String())
	}
	path := "/api/tracker/trackedEntities/" + trackedEntity.String()
	stands, err := document[frame](ctx, c, path, query)
	if err != nil {
		return nil, err
	}
	if stands.TrackedEntity != trackedEntity {
		return nil, malformed(path, errors.New("the answer is another tracked entity"))
	}
	stands.Attributes = []attributeUpdate{{attribute, value}}
	body, err := json.Marshal(map[string]any{"trackedEntities": []*frame{stands}})
	if err != nil {
		return nil, fmt.Errorf("dhis2/api: set attribute: %w", err)
	}
	return c.importDocument(ctx, body, ImportOptions{Strategy: Update})
}

// ReadsAttribute tells whether the user may read the values of an attribute. Since
// 2.43 those that a user may not read are left out of a tracked entity without a
// word, so that they look as if there were none.
func (c *Client) ReadsAttribute(ctx context.Context, attribute dhis2.UID) (bool, error) {
	found, err := metadata[dhis2.Object](ctx, c, "trackedEntityAttributes", "id", []string{attribute.String()}, "id")
	return err == nil && len(found) == 1 && found[0].ID == attribute, err
}

// AddEnrollmentNote leaves a note on an enrollment. The note has its UID
// already; one that exists is a 400 since 2.42, and before that success all the
// same.
func (c *Client) AddEnrollmentNote(ctx context.Context, enrollment dhis2.UID, note dhis2.Note) error {
	return c.addNote(ctx, enrollments, "enrollment", enrollment, note)
}

// AddEventNote leaves a note on an event, as AddEnrollmentNote does.
func (c *Client) AddEventNote(ctx context.Context, event dhis2.UID, note dhis2.Note) error {
	return c.addNote(ctx, events, "event", event, note)
}

// addNote knows both ways: since 2.42 below /api/tracker, one note by itself;
// before, below the older path, in a document of its object.
func (c *Client) addNote(ctx context.Context, l list, member string, uid dhis2.UID, note dhis2.Note) error {
	if uid.IsZero() || note.Note.IsZero() || note.Value == "" {
		return errors.New("dhis2/api: add note: its object, its UID and a text are needed")
	}
	version, err := c.Version(ctx)
	if err != nil {
		return err
	}
	type text struct {
		Note  dhis2.UID `json:"note"`
		Value string    `json:"value"`
	}
	path, content := "/api/tracker/"+l.key()+"/"+uid.String()+"/note", any(text{note.Note, note.Value})
	if !version.AtLeast(2, 42) {
		path, content = "/api/"+l.key()+"/"+uid.String()+"/note", map[string]any{member: uid, "notes": []text{{note.Note, note.Value}}}
	}
	body, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("dhis2/api: add note: %w", err)
	}
	_, err = c.send(ctx, http.MethodPost, path, nil, body)
	return err
}
