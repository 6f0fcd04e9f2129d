package access

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Writing is one resource that a clinician brings into a record.
type Writing struct {
	// Resource has the id that it is written to. References are Type/id.
	Resource *fhirjson.Value
	// Replaces is the version that stands there and that the author has seen; empty
	// where nothing may stand there yet but this very resource.
	Replaces string
}

// Written is what [View.Write] did.
type Written struct {
	// Versions are those that stand now, by Type/id.
	Versions map[string]string
	// Episodes are what the first fact belongs to: visits, and UIDs of enrollments.
	Episodes []string
}

const mostWritings = 20

// authors are the elements that say who wrote a resource of each type that a
// clinician may write. What has none goes with what names it.
var authors = map[string]string{
	"Observation": "performer", "DocumentReference": "author", "Encounter": "participant.individual", "Provenance": "agent.who", "Binary": "",
}

// isFact tells what says something of a patient. The rest frames it: it is permitted
// with the facts that it goes with, and not without one.
func isFact(typ string) bool { return typ == "Observation" || typ == "DocumentReference" }

// Base is the FHIR base of the record.
func (g *Gate) Base() string { return g.c.NEHR.Base() }

// Bundle is the transaction that Write would send, for whoever judges it before.
func (g *Gate) Bundle(writings []Writing) []byte {
	entries := fhirjson.List()
	for _, w := range writings {
		ref := refOf(w.Resource)
		request := fhirjson.Fields(fhirjson.F("method", fhirjson.Text("PUT")), fhirjson.F("url", fhirjson.Text(ref)))
		if w.Replaces != "" {
			request.Set("ifMatch", fhirjson.Text(`W/"`+w.Replaces+`"`))
		}
		entries.Append(fhirjson.Fields(fhirjson.F("fullUrl", fhirjson.Text(g.c.NEHR.Base()+"/"+ref)), fhirjson.F("resource", w.Resource), fhirjson.F("request", request)))
	}
	return fhirjson.Fields(
		fhirjson.F("resourceType", fhirjson.Text("Bundle")),
		fhirjson.F("type", fhirjson.Text("transaction")),
		fhirjson.F("entry", entries),
	).Encode()
}

// Write brings what a clinician has signed into the record, in one transaction. It
// decides anew, as reading does: who may not see such a fact may not write one. Each
// resource must be about this patient and by this clinician, must refer to nothing
// but what is hers and may be seen, and stands in the log before it leaves.
//
// It may be called again after an answer that was lost: what stands already as it
// is to be written is not written again. What stands otherwise, and is not what
// Replaces names, is a *DeniedError with ReasonState; what another has written, one
// with ReasonForeign.
//
// What stands already, whole and as it is to be written, is no access to anything: its
// author is told so also after the permission has ended, so that an answer that was
// lost before is known.
func (v *View) Write(ctx context.Context, writings []Writing) (Written, error) {
	e := Entry{Action: ActionCreate}
	if slices.ContainsFunc(writings, func(w Writing) bool { return w.Replaces != "" }) {
		e.Action = ActionUpdate
	}
	if v.actor.Kind != KindClinician || !is(v.actor.Person, "Practitioner") {
		return Written{}, v.refuse(ctx, e, ReasonActor, nil)
	}
	x, why := v.authoring(writings)
	e.Type, e.ID = x.typ, x.id
	if why != "" {
		x.concerns(&e, x.resources())
		return Written{}, v.refuse(ctx, e, why, nil)
	}
	s, err := v.look(ctx, e, x.queries...)
	if err != nil {
		if err = v.failed(ctx, e, err); isDenied(err) && x.done() {
			return Written{Versions: x.versions()}, nil
		}
		return Written{}, err
	}
	s.frame = NewFrame(append(s.framed, x.visits...), v.g.c.Zone)
	send, episodes, why := x.judge(s)
	if why != "" {
		for _, q := range x.queries {
			x.concerns(&e, q.found)
		}
		if err := v.refuse(ctx, e, why, s.decision.Sources); !isDenied(err) || !x.done() {
			return Written{}, err
		}
		return Written{Versions: x.versions()}, nil
	}
	if err := v.permit(ctx, e, s, x.resources()); err != nil {
		return Written{}, err
	}
	done := Written{Versions: x.versions(), Episodes: episodes}
	if len(send) == 0 {
		return done, nil
	}
	answer, err := v.g.c.NEHR.Transaction(ctx, v.g.Bundle(send))
	if err == nil {
		err = done.take(answer.Resource, send)
	}
	if err != nil {
		return Written{}, v.failed(ctx, e, err)
	}
	return done, nil
}

// Write is [View.Write] for whom no page is open: what was signed before is brought
// after a failure, and decided on then.
func (g *Gate) Write(ctx context.Context, a Actor, patient string, p Purpose, writings []Writing) (Written, error) {
	return (&View{g: g, actor: a, patient: patient, purpose: p}).Write(ctx, writings)
}

// authoring is a write on its way.
type authoring struct {
	v        *View
	writings []Writing
	typ, id  string            // of the first fact
	within   map[string]bool   // what the write itself holds, by Type/id
	stands   map[string]*query // what stands at the same places
	named    map[string]*query // what is referred to beyond that
	queries  []*query
	visits   []*fhirjson.Value
}

func refOf(r *fhirjson.Value) string { return r.Get("resourceType").Str() + "/" + r.Get("id").Str() }

func (x *authoring) resources() (all []*fhirjson.Value) {
	for _, w := range x.writings {
		all = append(all, w.Resource)
	}
	return all
}

// authoring checks what can be told of a write without asking anybody.
func (v *View) authoring(writings []Writing) (x *authoring, why Reason) {
	x = &authoring{v: v, writings: writings, within: map[string]bool{}, stands: map[string]*query{}, named: map[string]*query{}}
	if len(writings) > mostWritings {
		return x, ReasonParameter
	}
	for _, w := range writings {
		ref := refOf(w.Resource)
		typ, id, ok := reference(ref)
		if _, writable := authors[typ]; !ok || !writable || x.within[ref] || w.Replaces != "" && !idForm.MatchString(w.Replaces) {
			return x, ReasonParameter
		}
		x.within[ref] = true
		if isFact(typ) && x.id == "" {
			x.typ, x.id = typ, id
		}
		if typ == "Encounter" {
			x.visits = append(x.visits, w.Resource)
		}
		x.stands[ref] = &query{typ: typ, id: id}
		x.queries = append(x.queries, x.stands[ref])
	}
	if x.id == "" {
		return x, ReasonParameter
	}
	for _, w := range writings {
		if !x.hers(w.Resource) || !v.mine(w.Resource) {
			return x, ReasonForeign
		}
		for _, ref := range references(w.Resource, v.g.c.NEHR.Base()) {
			if why := x.name(ref); why != "" {
				return x, why
			}
		}
	}
	return x, ""
}

// hers tells whether a resource is about the patient: itself, or by the facts of the
// same write that it goes with.
func (x *authoring) hers(r *fhirjson.Value) bool {
	switch r.Get("resourceType").Str() {
	case "Provenance":
		targets := r.Get("target").Items()
		return len(targets) > 0 && !slices.ContainsFunc(targets, func(t *fhirjson.Value) bool { return !x.within[t.Get("reference").Str()] })
	case "Binary":
		return r.Get("securityContext", "reference").Str() == x.v.patient && slices.ContainsFunc(x.writings, func(w Writing) bool {
			return slices.Contains(references(w.Resource, x.v.g.c.NEHR.Base()), refOf(r))
		})
	}
	return belongs(r, x.v.patient, x.v.g.c.NEHR.Base())
}

// mine tells whether a resource says that the actor wrote it, and nobody else but the
// facility that the actor works for.
func (v *View) mine(r *fhirjson.Value) bool {
	path := authors[r.Get("resourceType").Str()]
	if path == "" {
		return true
	}
	own := false
	for _, a := range r.All(path) {
		ref := local(a.Get("reference").Str(), v.g.c.NEHR.Base())
		if !v.actor.isOneOf([]string{ref}) {
			return false
		}
		own = own || ref == v.actor.Person || ref == v.actor.Role
	}
	return own
}

// references are all that a resource refers to, the content of a document too.
func references(r *fhirjson.Value, base string) (refs []string) {
	r.Clone().Strings(func(field, text string) string {
		if field == "reference" {
			refs = append(refs, local(text, base))
		}
		return text
	})
	for _, u := range r.All("content.attachment.url") {
		refs = append(refs, local(u.Str(), base))
	}
	return refs
}

// concerns puts a refusal into the log of another patient where it is about what is hers.
func (x *authoring) concerns(e *Entry, found []*fhirjson.Value) {
	for _, r := range found {
		if other := ownerOf(r, x.v.g.c.NEHR.Base()); other != "" && other != x.v.patient && e.Patient == "" {
			e.Patient = other
		}
	}
}

// name takes up a reference: to her, to the actor, to the same write, or to something
// that is looked at before it is referred to.
func (x *authoring) name(ref string) Reason {
	if ref == x.v.patient || x.within[ref] || x.v.actor.isOneOf([]string{ref}) || x.named[ref] != nil {
		return ""
	}
	typ, id, ok := reference(ref)
	if !ok || classOfType[typ] == "" && typ != "Binary" {
		return ReasonParameter
	}
	if typ == "Patient" {
		return ReasonForeign
	}
	x.named[ref] = &query{typ: typ, id: id}
	x.queries = append(x.queries, x.named[ref])
	return ""
}

// judge decides on each fact, and on what stands in its place, and gives what is
// still to be sent.
func (x *authoring) judge(s *sight) (send []Writing, episodes []string, why Reason) {
	for _, w := range x.writings {
		ref := refOf(w.Resource)
		if isFact(w.Resource.Get("resourceType").Str()) {
			d := DataOf(w.Resource, s.frame, x.v.g.c.Zone)
			decision := s.decide(&d)
			if !decision.Permitted {
				return nil, nil, decision.Reason
			}
			if episodes == nil {
				episodes, s.decision = d.Episodes, decision
			}
		}
		found := x.stands[ref].found
		if len(found) == 0 {
			if w.Replaces != "" {
				return nil, nil, ReasonState
			}
			send = append(send, w)
			continue
		}
		old := found[0]
		if typ := old.Get("resourceType").Str(); typ != "Binary" && typ != "Provenance" && !belongs(old, x.v.patient, x.v.g.c.NEHR.Base()) || !x.wrote(old) {
			return nil, nil, ReasonForeign
		}
		if sameContent(old, w.Resource) {
			continue
		}
		if w.Replaces == "" || w.Replaces != old.Get("meta", "versionId").Str() || authors[old.Get("resourceType").Str()] == "" {
			return nil, nil, ReasonState
		}
		send = append(send, w)
	}
	for ref, q := range x.named {
		if !x.seesNamed(s, ref, q) {
			return nil, nil, ReasonForeign
		}
	}
	return send, episodes, ""
}

// done tells whether all of it stands.
func (x *authoring) done() bool {
	return !slices.ContainsFunc(x.writings, func(w Writing) bool {
		found := x.stands[refOf(w.Resource)].found
		return len(found) == 0 || !sameContent(found[0], w.Resource)
	})
}

// versions are those that stand.
func (x *authoring) versions() map[string]string {
	all := map[string]string{}
	for ref, q := range x.stands {
		if len(q.found) > 0 {
			all[ref] = q.found[0].Get("meta", "versionId").Str()
		}
	}
	return all
}

// wrote tells whether the actor is an author of what stands, in whatever role it was.
func (x *authoring) wrote(old *fhirjson.Value) bool {
	path := authors[old.Get("resourceType").Str()]
	return path == "" || slices.ContainsFunc(old.All(path), func(a *fhirjson.Value) bool {
		return local(a.Get("reference").Str(), x.v.g.c.NEHR.Base()) == x.v.actor.Person
	})
}

// seesNamed tells whether something may be referred to: what the actor sees, and what
// the actor's own writing refers to already.
func (x *authoring) seesNamed(s *sight, ref string, q *query) bool {
	if len(q.found) == 0 {
		return false
	}
	if q.typ != "Binary" {
		if _, d := s.sees(q.found[0]); d.Permitted {
			return true
		}
	}
	for _, stands := range x.stands {
		if len(stands.found) > 0 && slices.Contains(references(stands.found[0], x.v.g.c.NEHR.Base()), ref) {
			return true
		}
	}
	return false
}

// sameContent tells whether a resource stands as it is to be written: what the server
// says about it does not count.
func sameContent(stands, wanted *fhirjson.Value) bool {
	bare := func(r *fhirjson.Value) *fhirjson.Value {
		r = r.Clone()
		meta := fhirjson.Fields()
		for _, name := range []string{"profile", "security", "tag"} {
			if m := r.Get("meta", name); m != nil {
				meta.Set(name, m)
			}
		}
		if r.Delete("meta"); len(meta.Members()) > 0 {
			r.Set("meta", meta)
		}
		return r
	}
	return fhirjson.Equal(bare(stands), bare(wanted))
}

// take proves by the answer that each entry was written (http.html#transaction-response).
func (w Written) take(answer *fhirjson.Value, sent []Writing) error {
	items := answer.Get("entry").Items()
	if len(items) != len(sent) {
		return &client.UnreachableError{Operation: "transaction", Reason: fmt.Sprintf("%d answers to %d entries", len(items), len(sent))}
	}
	for i, s := range sent {
		response := items[i].Get("response")
		code, _, _ := strings.Cut(response.Get("status").Str(), " ")
		if status, err := strconv.Atoi(code); err != nil || status != 200 && status != 201 {
			return &client.OutcomeError{Operation: "transaction " + s.Resource.Get("resourceType").Str(), Status: status}
		}
		w.Versions[refOf(s.Resource)] = strings.Trim(strings.TrimPrefix(response.Get("etag").Str(), "W/"), `"`)
	}
	return nil
}
