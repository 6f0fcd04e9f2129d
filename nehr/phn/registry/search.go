package registry

import (
	"context"
	"encoding/base64"
	"io"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// SearchRequest asks who somebody is: by a number, or by demographics.
type SearchRequest struct {
	Place
	PHN          string        `json:"phn,omitzero"`
	Demographics *Demographics `json:"demographics,omitzero"`
}

// Demographics are what a person says of herself, all of it.
type Demographics struct {
	Name      string `json:"name"`
	BirthDate string `json:"birthDate"` // YYYY-MM-DD
	Phone     string `json:"phone"`
}

// Searched is what was found.
type Searched struct {
	Search string `json:"search"` // secret: in memory only
	// Source is nehr, or none where the record could not be asked and numbers are
	// issued provisionally.
	Source  Source  `json:"source"`
	Matches []Match `json:"matches"`
}

// Source is who was asked.
type Source string

// The sources.
const (
	SourceNEHR Source = "nehr"
	SourceNone Source = "none"
)

// Match is one record, masked: enough to tell whether it is hers for somebody who
// sits before her, and no more.
type Match struct {
	Match     string `json:"match"`              // names it in Select and Issue
	Name      string `json:"name,omitzero"`      // N… P…
	BirthDate string `json:"birthDate,omitzero"` // 1991-••-••
	Gender    string `json:"gender,omitzero"`    // code of administrative-gender
	Phone     string `json:"phone,omitzero"`     // ••••••567
	Place     string `json:"place,omitzero"`     // city or district
}

// kept is a match in the database.
type kept struct {
	Match  string `json:"m"`
	Number string `json:"n"`
}

// Search asks the national record. Every record that matches is in the answer, at
// most ten; more are a refusal, since nobody can choose among them.
func (s *Service) Search(ctx context.Context, who Caller, r SearchRequest) (*Searched, error) {
	q, err := s.question(r)
	if err != nil {
		return nil, err
	}
	if err := s.may(ctx, who, r.Place); err != nil {
		return nil, err
	}
	// Before the record is asked, so that many at once do not pass together.
	err = s.write(ctx, func(tx database.Tx) error {
		if q.number != "" {
			if err := s.locked(tx, tryMiss, who, s.config.Limits.Misses); err != nil {
				return err
			}
		}
		return s.locked(tx, trySearch, who, s.config.Limits.Searches)
	})
	if err != nil {
		return nil, err
	}
	source := SourceNEHR
	found, asked := s.ask(ctx, q)
	if asked != nil && s.config.Provisional && isRetryable(asked) {
		source, asked = SourceNone, nil
	}
	out := &Searched{Source: source, Matches: []Match{}}
	rows := []kept{}
	for _, p := range found {
		m := mask(p.resource)
		if m.Match, err = s.handle(); err != nil {
			return nil, err
		}
		out.Matches, rows = append(out.Matches, m), append(rows, kept{m.Match, p.number})
	}
	var id string
	if out.Search, id, err = s.secret(); err != nil {
		return nil, err
	}
	matches, err := json.Marshal(rows)
	if err != nil {
		return nil, refuse(CodeInternal, "a search cannot be kept")
	}
	missed := q.number != "" && asked == nil && source == SourceNEHR && len(found) == 0
	err = s.write(ctx, func(tx database.Tx) error {
		if q.number != "" && !missed {
			if err := refund(tx, tryMiss, who.User); err != nil {
				return err
			}
		}
		if asked != nil {
			return s.audit(tx, who, r.Place, "search", "", q.kind+" refused")
		}
		if err := s.audit(tx, who, r.Place, "search", "", q.kind+" "+string(source)); err != nil {
			return err
		}
		for _, k := range rows {
			if err := s.audit(tx, who, r.Place, "shown", k.Number, q.kind); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`INSERT INTO phn_search (id, actor, route, program, org_unit, until, source, matches, chosen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '')`,
			id, who.User, who.Route, r.Program, r.OrgUnit, s.config.Now().Add(s.config.SearchFor).Unix(), string(source), string(matches))
		return err
	})
	if asked != nil {
		return nil, asked
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// handle names a match within its search.
func (s *Service) handle() (string, error) {
	var b [9]byte
	if _, err := io.ReadFull(s.config.Rand, b[:]); err != nil {
		return "", refuse(CodeInternal, "no randomness")
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// search is a search that can be acted on.
type search struct {
	id      string
	source  Source
	matches []kept
	chosen  string // a match, or issued
	first   bool   // it is chosen now, and was not before
}

// issued is what a search chose that ended with a number of its own. No match is
// called so: they have twelve characters.
const issued = "issued"

// choose reads the search of a secret for whoever made it, and binds it to one choice
// for ever; an error undoes that. The same choice again is none: an answer that was
// lost on the way is given again.
func (s *Service) choose(tx database.Tx, who Caller, at Place, secret, what string) (*search, error) {
	var owner Caller
	var place Place
	var until int64
	var source, matches string
	const columns = `actor, route, program, org_unit, until, source, matches, chosen`
	out := &search{id: idOf(secret)}
	into := []any{&owner.User, &owner.Route, &place.Program, &place.OrgUnit, &until, &source, &matches, &out.chosen}
	found, err := database.Row(tx, `UPDATE phn_search SET chosen = ?2 WHERE id = ?1 AND chosen = '' RETURNING `+columns, []any{out.id, what}, into...)
	if out.first = found; !found && err == nil {
		found, err = database.Row(tx, `SELECT `+columns+` FROM phn_search WHERE id = ?1`, []any{out.id}, into...)
	}
	if err != nil {
		return nil, err
	}
	if !found || owner != who || place != at || !s.config.Now().Before(time.Unix(until, 0)) {
		return nil, refuse(CodeSearch, "unknown, over, or another's")
	}
	if out.chosen != what {
		return nil, refuse(CodeSearch, "acted on before")
	}
	out.source = Source(source)
	if err := json.Unmarshal([]byte(matches), &out.matches); err != nil {
		return nil, refuse(CodeInternal, "a search cannot be read")
	}
	return out, nil
}

func (s *search) find(match string) (kept, bool) {
	i := slices.IndexFunc(s.matches, func(k kept) bool { return k.Match == match })
	if i < 0 {
		return kept{}, false
	}
	return s.matches[i], true
}
