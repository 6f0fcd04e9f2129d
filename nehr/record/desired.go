package record

import (
	"fmt"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/client"
	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Desired is what the server shall hold of one entity.
type Desired struct {
	// Bundle is a JSON object with what the transaction says of itself
	// (meta.profile, identifier, timestamp); its entries are not looked at.
	// Empty for a plain transaction. A claimed profile is sent only when every
	// entry is: it may demand entries that did not change.
	Bundle []byte
	// Entries in any order. References between them are their FullURLs.
	Entries []Entry
	// Deleted says that the entity is no more, which an empty list of entries
	// alone never does. All that was written for it is retracted; of the Patient
	// the DHIS2 identifiers go, and the rest is left to the registry.
	Deleted bool
	// Basis names what decides, beside the resources, how they are written: the
	// server, the settings, the version of the caller. What was verified as
	// written on the same basis in the same words is not looked up again. Empty
	// has everything looked up.
	Basis string
}

// Identifier is a business identifier.
type Identifier struct{ System, Value string }

// Entry is one resource as it shall be.
type Entry struct {
	// FullURL is urn:uuid: and a UUID. An owned resource is put to that UUID.
	FullURL string
	// Type is the resource type.
	Type string
	// Resource is the resource in JSON. Its id is not looked at.
	Resource []byte
	// Owned resources are this system's alone; the others are merged.
	Owned bool
	// Identifier is the one by which the resource is found; the resource holds it.
	Identifier Identifier
	// Written is what was written for this entry before (Outcome.Body), for a
	// caller that keeps no [State]. With either, what this system said once and
	// says no more is taken out of a shared resource; without, merging only adds
	// and replaces.
	Written []byte
}

// item is one entry on its way through a write.
type item struct {
	*Entry
	index   int
	fate    fate
	was     *Written          // what the state knows of it, nil when nothing
	ours    *fhirjson.Value   // as desired; references by FullURL until resolved; nil when not desired
	written []*fhirjson.Value // as written before; more than one when it is not known which arrived
	before  []byte            // Written.Before from now on
	stands  *fhirjson.Value   // as the server holds it, nil when it holds none
	id      string            // at the server, empty while it is not known
	next    *fhirjson.Value   // what is to be sent, nil when nothing changes
	remove  bool              // it is to be deleted once it says that it is an error
	said    uint64            // hash of what is desired; 0 where nothing is concluded from it
	trusted bool              // it stands as it is desired; nothing of it is read
}

// uuidOf gives the UUID of a fullUrl: urn:uuid: and a UUID in lower case (RFC
// 9562 section 4).
func uuidOf(fullURL string) (uuid string, ok bool) {
	uuid, ok = strings.CutPrefix(fullURL, "urn:uuid:")
	if !ok || len(uuid) != 36 {
		return "", false
	}
	for i := range len(uuid) {
		switch c := uuid[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			ok = c == '-'
		default:
			ok = '0' <= c && c <= '9' || 'a' <= c && c <= 'f'
		}
		if !ok {
			return "", false
		}
	}
	return uuid, true
}

// check reads the entries and refuses what must not be sent. What stands as it
// is desired is not read.
func (w *Writer) check(d Desired, before State) ([]*item, error) {
	items := make([]*item, 0, len(d.Entries))
	known := map[string]*Written{}
	if d.Basis != "" {
		for i := range before.Resources {
			known[before.Resources[i].FullURL] = &before.Resources[i]
		}
	}
	urls := map[string]bool{}
	keys := map[[3]string]bool{}
	for i := range d.Entries {
		e := &d.Entries[i]
		t := &item{Entry: e, index: i}
		if t.trusted = t.trust(d.Basis, known[e.FullURL]); !t.trusted {
			if err := w.read(t); err != nil {
				return nil, err
			}
		}
		key := [3]string{t.Type, t.Identifier.System, t.Identifier.Value}
		if urls[t.FullURL] || keys[key] {
			return nil, &EntryError{Index: i, Type: t.Type, Reason: "another entry has the same fullUrl or identifier"}
		}
		urls[t.FullURL], keys[key] = true, true
		items = append(items, t)
	}
	for _, t := range items {
		if err := t.checkReferences(urls); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// read takes in the entry of an item.
func (w *Writer) read(t *item) error {
	i, e := t.index, t.Entry
	uuid, ok := uuidOf(e.FullURL)
	if !ok {
		return &EntryError{Index: i, Type: e.Type, Reason: "fullUrl is not urn:uuid: with a UUID in lower case"}
	}
	if blank(e.Identifier.System) || blank(e.Identifier.Value) {
		return &KeyError{Index: i, Type: e.Type}
	}
	var err error
	if t.ours, err = fhirjson.Parse(e.Resource); err != nil {
		return &EntryError{Index: i, Type: e.Type, Reason: "resource: " + err.Error()}
	}
	if t.ours.Get("resourceType").Str() != e.Type || e.Type == "" {
		return &EntryError{Index: i, Type: e.Type, Reason: "the resource has another type than the entry"}
	}
	if !holds(t.ours, e.Identifier) {
		return &EntryError{Index: i, Type: e.Type, Reason: "the resource does not hold the identifier of its entry"}
	}
	if len(e.Written) > 0 {
		if err := t.remember(e.Written); err != nil {
			return err
		}
	}
	t.ours.Delete("id")
	if e.Owned && w.mode == ByID {
		t.id = uuid
	}
	return nil
}

// remember takes what was written before.
func (t *item) remember(body []byte) error {
	v, err := fhirjson.Parse(body)
	if err != nil {
		return &EntryError{Index: t.index, Type: t.Type, Reason: "what was written before: " + err.Error()}
	}
	t.written = append(t.written, v)
	return nil
}

// checkReferences demands that each reference by FullURL is to an entry, and
// that no conditional reference could match more than it says.
func (t *item) checkReferences(urls map[string]bool) error {
	var failed error
	t.ours.Strings(func(field, s string) string {
		if field != "reference" || failed != nil {
			return s
		}
		if strings.HasPrefix(s, "urn:uuid:") && !urls[s] {
			failed = &EntryError{Index: t.index, Type: t.Type, Reason: "a reference leads to no entry of the bundle"}
		}
		if strings.Contains(s, "?") {
			failed = t.checkCondition(s)
		}
		return s
	})
	return failed
}

// checkCondition refuses a conditional reference with an empty value (D-036).
func (t *item) checkCondition(reference string) error {
	_, query, _ := strings.Cut(reference, "?")
	for pair := range strings.SplitSeq(query, "&") {
		_, value, _ := strings.Cut(pair, "=")
		value = strings.NewReplacer("%7C", "|", "%7c", "|", "%20", " ", "+", " ").Replace(value)
		if blank(value[strings.LastIndexByte(value, '|')+1:]) {
			return fmt.Errorf("entry %d (%s): conditional reference: %w", t.index, t.Type, client.ErrEmptyCondition)
		}
	}
	return nil
}

// holds tells whether a resource has an identifier, to the letter: what a
// server finds by it is taken only when it does.
func holds(resource *fhirjson.Value, id Identifier) bool {
	for _, i := range resource.Get("identifier").Items() {
		if i.Get("system").Str() == id.System && i.Get("value").Str() == id.Value {
			return true
		}
	}
	return false
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }
