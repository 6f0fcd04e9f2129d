package access

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// maxBinary bounds a document in bytes.
const maxBinary = 32 << 20

// Binary gives the content of a document or picture that a DocumentReference or
// Media names which may be seen. No other Binary is there.
func (v *View) Binary(ctx context.Context, id string) (*Binary, error) {
	e := Entry{Action: ActionBinary, Type: "Binary", ID: id}
	if !idForm.MatchString(id) {
		e.ID = ""
		return nil, v.missing(ctx, e, ReasonUnknown, nil)
	}
	documents := []*query{hersOf("DocumentReference", v.patient), hersOf("Media", v.patient)}
	s, err := v.look(ctx, e, documents...)
	if err != nil {
		return nil, v.failed(ctx, e, err)
	}
	named := slices.ContainsFunc(slices.Concat(documents[0].found, documents[1].found), func(r *fhirjson.Value) bool {
		if !slices.ContainsFunc(append(r.All("content.attachment.url"), r.All("content.url")...), func(u *fhirjson.Value) bool {
			return local(u.Str(), v.g.c.NEHR.Base()) == "Binary/"+id
		}) {
			return false
		}
		_, d := s.sees(r)
		return d.Permitted
	})
	if !named {
		return nil, v.missing(ctx, e, ReasonForeign, nil)
	}
	answer, err := v.g.c.NEHR.Read(ctx, "Binary", id)
	if client.IsNotFound(err) {
		return nil, v.missing(ctx, e, ReasonUnknown, nil)
	} else if err != nil {
		return nil, v.failed(ctx, e, err)
	}
	r := answer.Resource
	if c := local(r.Get("securityContext", "reference").Str(), v.g.c.NEHR.Base()); firstOf(c) == "Patient" && c != v.patient {
		return nil, v.missing(ctx, e, ReasonForeign, nil)
	}
	if labels := codings(r.Get("meta", "security")); len(labels) > 0 {
		if d := s.decide(&Data{Type: "Binary", ID: id, Class: Documents, Labels: labels, Episodes: []string{"Binary/" + id}}); !d.Permitted {
			return nil, v.missing(ctx, e, d.Reason, nil)
		}
	}
	encoded := r.Get("data").Str()
	if len(encoded) > maxBinary/3*4+4 {
		return nil, v.failed(ctx, e, fmt.Errorf("read Binary: larger than %d bytes", maxBinary))
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, v.failed(ctx, e, errors.New("read Binary: the content is not base64"))
	}
	if err := v.permit(ctx, e, s, []*fhirjson.Value{r}); err != nil {
		return nil, err
	}
	return &Binary{ContentType: r.Get("contentType").Str(), Data: data}, nil
}
