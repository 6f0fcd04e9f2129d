package api

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Field filters of the metadata calls: what a UID map is compared with, and
// what a document's frame is made of.
const (
	elementFields = "id,code,name,valueType,unique,generated,pattern," +
		"optionSet[id,name,options[code,name]],attributeValues[value,attribute[id,code,name]]"
	programFields = "id,code,name,programType,trackedEntityType[id,code,name],access,onlyEnrollOnce,minAttributesRequiredToSearch," +
		"programTrackedEntityAttributes[mandatory,trackedEntityAttribute[" + elementFields + "]]," +
		"programStages[id,name,repeatable,programStageDataElements[compulsory,dataElement[" +
		"id,code,name,valueType,optionSet[id,name,options[code,name]],attributeValues[value,attribute[id,code,name]]]]]"
	optionSetFields = "id,name,options[code,name]"
	unitFields      = "id,code,name,shortName,displayName,path,level,parent[id,code,name],address,phoneNumber,email"
	userFields      = "id,username,firstName,surname,displayName,phoneNumber,email"
)

// Program reads a program with its attributes, stages, data elements and
// options, as the user may see them.
func (c *Client) Program(ctx context.Context, uid dhis2.UID) (*dhis2.Program, error) {
	if uid.IsZero() {
		return nil, errors.New("dhis2/api: program without a UID")
	}
	path := "/api/programs/" + uid.String()
	p, err := document[dhis2.Program](ctx, c, path, url.Values{"fields": {programFields}})
	if err != nil {
		return nil, err
	}
	if p.ID != uid {
		return nil, malformed(path, errors.New("the answer is another program"))
	}
	return p, nil
}

// OptionSets reads option sets by UID. Unknown ones are left out.
func (c *Client) OptionSets(ctx context.Context, uids []dhis2.UID) ([]dhis2.OptionSet, error) {
	return metadata[dhis2.OptionSet](ctx, c, "optionSets", "id", uidStrings(uids), optionSetFields)
}

// OrganisationUnits reads organisation units by UID. Unknown ones are left
// out.
func (c *Client) OrganisationUnits(ctx context.Context, uids []dhis2.UID) ([]dhis2.OrganisationUnit, error) {
	return metadata[dhis2.OrganisationUnit](ctx, c, "organisationUnits", "id", uidStrings(uids), unitFields)
}

// Users reads users by UID. Unknown ones are left out; a caller without the
// right to see users gets an *Error that is Forbidden.
func (c *Client) Users(ctx context.Context, uids []dhis2.UID) ([]dhis2.User, error) {
	return metadata[dhis2.User](ctx, c, "users", "id", uidStrings(uids), userFields)
}

// UsersByName reads users by user name, as Users does. What cannot be a user
// name is left out: it would end the filter.
func (c *Client) UsersByName(ctx context.Context, names []string) ([]dhis2.User, error) {
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !username.MatchString(n) })
	return metadata[dhis2.User](ctx, c, "users", "username", names, userFields)
}

// username is what DHIS2 accepts as one (ValidationUtils.usernameIsValid).
var username = regexp.MustCompile(`^[-_.@a-zA-Z0-9]{2,255}$`)

func uidStrings(uids []dhis2.UID) []string {
	out := make([]string, 0, len(uids))
	for _, u := range uids {
		if !u.IsZero() {
			out = append(out, u.String())
		}
	}
	return out
}

// metadata asks for objects in batches by a filter "property in […]". Each
// value is asked for once, in a stable order.
func metadata[T any](ctx context.Context, c *Client, kind, property string, values []string, fields string) ([]T, error) {
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	var found []T
	for batch := range batches(values, c.cfg.Batch) {
		path := "/api/" + kind
		body, err := c.get(ctx, path, url.Values{
			"fields": {fields},
			"filter": {property + ":in:[" + strings.Join(batch, ",") + "]"},
			"paging": {"false"},
		})
		if err != nil {
			return nil, err
		}
		p, err := dhis2.DecodePage[T](body, kind)
		if err != nil {
			return nil, malformed(path, err)
		}
		found = append(found, p.Items...)
	}
	return found, nil
}

// maxFilter bounds the values of one filter in bytes.
const maxFilter = 4096

// batches cuts values into runs of at most n values and maxFilter bytes.
func batches(values []string, n int) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for len(values) > 0 {
			count, size := 0, 0
			for count < min(n, len(values)) {
				if size += len(values[count]) + 1; size > maxFilter && count > 0 {
					break
				}
				count++
			}
			if !yield(values[:count]) {
				return
			}
			values = values[count:]
		}
	}
}
