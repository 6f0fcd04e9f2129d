package dhis2

import (
	"github.com/go-json-experiment/json/jsontext"
)

// Page is one page of a tracker list.
type Page[T any] struct {
	Items    []T
	Page     int // 0 where the server did not say
	PageSize int
	Total    int // of all pages; 0 where it was not asked for
	// More tells whether the server announced a next page. Versions before
	// 2.42 do not announce one: there a page as long as PageSize may have a
	// successor.
	More bool
}

// HasNext reports whether another page has to be asked for, given the page
// size that was asked.
func (p *Page[T]) HasNext(asked int) bool { return p.More || len(p.Items) >= asked }

// DecodePage reads a tracker list in the shapes of 2.40 ({"instances":[…],
// "page":…}), 2.41 (both) and 2.42+ ({"pager":{…},"<key>":[…]}). key is the
// named array, such as "trackedEntities" or "events".
func DecodePage[T any](data []byte, key string) (*Page[T], error) {
	var members map[string]jsontext.Value
	if err := Decode(data, &members); err != nil {
		return nil, err
	}
	list, ok := members[key]
	if !ok {
		list, ok = members["instances"]
	}
	if !ok {
		return nil, &DocumentError{Reason: "not a tracker list: neither " + key + " nor instances is there"}
	}
	page := &Page[T]{}
	if err := Decode(list, &page.Items); err != nil {
		return nil, inMember(err, key)
	}
	var pager struct {
		Page     int    `json:"page"`
		PageSize int    `json:"pageSize"`
		Total    int    `json:"total"`
		NextPage string `json:"nextPage"`
	}
	raw, ok := members["pager"]
	if !ok {
		raw = data
	}
	if err := Decode(raw, &pager); err != nil {
		return nil, inMember(err, "pager")
	}
	page.Page, page.PageSize, page.Total, page.More = pager.Page, pager.PageSize, pager.Total, pager.NextPage != ""
	return page, nil
}

// inMember puts a member's name before the place of an error inside it; its
// line and column counted from the member's start and are dropped.
func inMember(err error, member string) error {
	if e, ok := err.(*DocumentError); ok {
		return &DocumentError{Pointer: "/" + member + e.Pointer, Reason: e.Reason, Err: e.Err}
	}
	return err
}
