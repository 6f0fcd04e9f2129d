package access

import (
	"context"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// searchable are the parameters of a search beside patient and subject. No
// modifier, no chain, no _has, _include, _revinclude, _filter, _query: none that
// reaches from her resources to others'.
var searchable = map[string]bool{
	"_id": true, "_lastUpdated": true, "_sort": true, "_count": true,
	"code": true, "category": true, "status": true, "date": true, "type": true, "class": true, "identifier": true,
	"encounter": true, "context": true, "clinical-status": true, "verification-status": true, "intent": true, "priority": true,
	"vaccine-code": true, "recorded-date": true, "onset-date": true, "authored": true, "authored-on": true, "effective": true,
	"identified": true, "issued": true, "focus": true, "owner": true, "based-on": true, "period": true, "sent": true, "business-status": true,
}

// paramForm is what a name may look like that stands in the log.
var paramForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.:-]{0,60}$`)

// sortForm holds no chain and no modifier.
var sortForm = regexp.MustCompile(`^-?[a-zA-Z_-]+(,-?[a-zA-Z_-]+)*$`)

// Search finds resources of one type that are hers and may be seen, all of them:
// there are no pages, and so no links. A parameter that could reach beyond her
// record is a *DeniedError with ReasonParameter; a patient or subject that is
// another one with ReasonForeign.
func (v *View) Search(ctx context.Context, typ string, params url.Values) ([]*fhirjson.Value, error) {
	found, s, e, err := v.search(ctx, ActionSearch, typ, params)
	if err != nil {
		return nil, err
	}
	return given(found, v.permit(ctx, e, s, found))
}

// Count counts what Search would give.
func (v *View) Count(ctx context.Context, typ string, params url.Values) (int, error) {
	found, s, e, err := v.search(ctx, ActionCount, typ, params)
	if err != nil {
		return 0, err
	}
	return given(len(found), v.permit(ctx, e, s, found))
}

func (v *View) search(ctx context.Context, action Action, typ string, params url.Values) ([]*fhirjson.Value, *sight, Entry, error) {
	e := Entry{Action: action, Type: typ}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if paramForm.MatchString(name) {
			e.Parameters = append(e.Parameters, name)
		}
	}
	if classOfType[typ] == "" {
		if !typeForm.MatchString(typ) {
			e.Type = ""
		}
		return nil, nil, e, v.refuse(ctx, e, ReasonUnknown, nil)
	}
	q := hersOf(typ, v.patient)
	if typ == "Patient" {
		_, id, _ := reference(v.patient)
		q.params = url.Values{"_id": {id}}
	}
	for name, values := range params {
		if why := v.unfit(typ, name, values); why != "" {
			return nil, nil, e, v.refuse(ctx, e, why, nil)
		}
		if name != "patient" && name != "subject" && name != "_count" && !(typ == "Patient" && name == "_id") {
			q.params[name] = values
		}
	}
	s, err := v.look(ctx, e, q)
	if err != nil {
		return nil, nil, e, v.failed(ctx, e, err)
	}
	var found []*fhirjson.Value
	for _, r := range q.found {
		if _, d := s.sees(r); d.Permitted {
			found = append(found, r)
		}
	}
	return found, s, e, nil
}

// unfit says why a parameter is not taken.
func (v *View) unfit(typ, name string, values []string) Reason {
	_, id, _ := reference(v.patient)
	if name == "patient" || name == "subject" || typ == "Patient" && name == "_id" {
		for _, value := range values {
			if value != v.patient && value != id {
				return ReasonForeign
			}
		}
		return ""
	}
	if !searchable[name] {
		return ReasonParameter
	}
	for _, value := range values {
		switch name {
		case "_sort":
			if !sortForm.MatchString(value) {
				return ReasonParameter
			}
		case "_count": // all is given anyway
			if n, err := strconv.Atoi(value); err != nil || n < 0 {
				return ReasonParameter
			}
		}
		if value == "" {
			return ReasonParameter
		}
	}
	return ""
}
