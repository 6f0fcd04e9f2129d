package api

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// MetadataReader is what a ContextSource asks; *Client is one.
type MetadataReader interface {
	SystemInfo(ctx context.Context) (*dhis2.SystemInfo, error)
	OrganisationUnits(ctx context.Context, uids []dhis2.UID) ([]dhis2.OrganisationUnit, error)
	Users(ctx context.Context, uids []dhis2.UID) ([]dhis2.User, error)
	UsersByName(ctx context.Context, names []string) ([]dhis2.User, error)
}

// ContextConfig says where a ContextSource reads and how long it remembers.
type ContextConfig struct {
	// Reader is asked for what is not remembered. Required.
	Reader MetadataReader

	// MaxAge is how long an answer is used, also the answer that there is
	// nothing. Defaults to 1 h.
	MaxAge time.Duration

	// OrgUnitElements are data elements and attributes whose values name an
	// organisation unit, such as the target of a referral.
	OrgUnitElements []dhis2.UID

	// Related leads from an organisation unit to one that is described with
	// it, such as the one that receives its referrals.
	Related map[dhis2.UID]dhis2.UID

	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// ContextSource assembles what a tracked entity document refers to, and
// remembers it between documents. It is safe for use by many goroutines.
type ContextSource struct {
	cfg ContextConfig

	mu    sync.Mutex
	info  remembered[dhis2.SystemInfo]
	units map[dhis2.UID]remembered[dhis2.OrganisationUnit]
	users map[string]remembered[dhis2.User] // by "id:"+UID or "name:"+user name
}

type remembered[T any] struct {
	at    time.Time
	there bool
	value T
}

// NewContextSource returns a source with nothing remembered.
func NewContextSource(cfg ContextConfig) (*ContextSource, error) {
	if cfg.MaxAge == 0 {
		cfg.MaxAge = time.Hour
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Reader == nil || cfg.MaxAge < 0 {
		return nil, errors.New("dhis2/api: context source: Reader is needed, MaxAge must not be negative")
	}
	return &ContextSource{
		cfg:   cfg,
		units: map[dhis2.UID]remembered[dhis2.OrganisationUnit]{},
		users: map[string]remembered[dhis2.User]{},
	}, nil
}

// Forget drops everything remembered, as after a change of metadata.
func (s *ContextSource) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info = remembered[dhis2.SystemInfo]{}
	clear(s.units)
	clear(s.users)
}

// Context returns the system information, every organisation unit of the
// tracked entity, its enrollments and events, and every user who completed,
// updated or created an event. What the server does not know or does not show
// is left out; any other failure is an error, because a context that lacks a
// name by accident would make a poorer record.
func (s *ContextSource) Context(ctx context.Context, te *dhis2.TrackedEntity) (*dhis2.Context, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := s.systemInfo(ctx)
	if err != nil {
		return nil, err
	}
	refs := s.references(te)
	out := &dhis2.Context{SystemInfo: info}
	if out.OrganisationUnits, err = s.withRoots(ctx, s.withRelated(refs.units)); err != nil {
		return nil, err
	}
	if out.Users, err = s.usersOf(ctx, refs); err != nil {
		return nil, err
	}
	return out, nil
}

type references struct {
	units, users []dhis2.UID // sorted, each once
	names        []string    // user names whose UID the document does not tell
}

func (s *ContextSource) references(te *dhis2.TrackedEntity) references {
	var r references
	known := map[string]bool{}
	unit := func(u dhis2.UID) {
		if !u.IsZero() {
			r.units = append(r.units, u)
		}
	}
	user := func(u dhis2.User) {
		if id := u.Identity(); !id.IsZero() {
			r.users = append(r.users, id)
			known[u.Username] = true
		} else if u.Username != "" {
			r.names = append(r.names, u.Username)
		}
	}
	value := func(element dhis2.UID, text string) {
		if slices.Contains(s.cfg.OrgUnitElements, element) {
			if u, err := dhis2.ParseUID(dhis2.Clean(text)); err == nil {
				unit(u)
			}
		}
	}
	attributes := func(list []dhis2.Attribute) {
		for _, a := range list {
			value(a.Attribute, a.Value)
		}
	}
	unit(te.OrgUnit)
	attributes(te.Attributes)
	for i := range te.Enrollments {
		en := &te.Enrollments[i]
		unit(en.OrgUnit)
		attributes(en.Attributes)
		for j := range en.Events {
			ev := &en.Events[j]
			unit(ev.OrgUnit)
			user(ev.CreatedBy)
			user(ev.UpdatedBy)
			user(dhis2.User{Username: ev.CompletedBy})
			for _, v := range ev.DataValues {
				value(v.DataElement, v.Value)
			}
		}
	}
	r.names = slices.DeleteFunc(r.names, func(n string) bool { return known[n] })
	byText := func(a, b dhis2.UID) int { return strings.Compare(a.String(), b.String()) }
	for _, list := range []*[]dhis2.UID{&r.units, &r.users} {
		slices.SortFunc(*list, byText)
		*list = slices.Compact(*list)
	}
	slices.Sort(r.names)
	r.names = slices.Compact(r.names)
	return r
}

func (s *ContextSource) fresh(at time.Time) bool {
	return !at.IsZero() && s.cfg.Now().Sub(at) < s.cfg.MaxAge
}

func (s *ContextSource) systemInfo(ctx context.Context) (dhis2.SystemInfo, error) {
	if !s.fresh(s.info.at) {
		info, err := s.cfg.Reader.SystemInfo(ctx)
		if err != nil {
			return dhis2.SystemInfo{}, err
		}
		s.info = remembered[dhis2.SystemInfo]{at: s.cfg.Now(), there: true, value: *info}
	}
	return s.info.value, nil
}

func (s *ContextSource) organisationUnits(ctx context.Context, uids []dhis2.UID) ([]dhis2.OrganisationUnit, error) {
	return recall(s, s.units, uids, func(ask []dhis2.UID) ([]dhis2.OrganisationUnit, error) {
		return s.cfg.Reader.OrganisationUnits(ctx, ask)
	}, func(u dhis2.OrganisationUnit) dhis2.UID { return u.ID })
}

func (s *ContextSource) withRelated(uids []dhis2.UID) []dhis2.UID {
	for _, u := range uids[:len(uids):len(uids)] {
		if other := s.cfg.Related[u]; !other.IsZero() && !slices.Contains(uids, other) {
			uids = append(uids, other)
		}
	}
	return uids
}

// withRoots describes organisation units and the roots of their hierarchies:
// the root stands for who runs the server.
func (s *ContextSource) withRoots(ctx context.Context, uids []dhis2.UID) ([]dhis2.OrganisationUnit, error) {
	units, err := s.organisationUnits(ctx, uids)
	if err != nil {
		return nil, err
	}
	var roots []dhis2.UID
	for _, u := range units {
		first, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		if root, err := dhis2.ParseUID(first); err == nil && !slices.Contains(uids, root) && !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	if len(roots) == 0 {
		return units, nil
	}
	above, err := s.organisationUnits(ctx, roots)
	return append(units, above...), err
}

func (s *ContextSource) usersOf(ctx context.Context, r references) ([]dhis2.User, error) {
	ids := make([]string, len(r.users))
	byKey := map[string]dhis2.UID{}
	for i, u := range r.users {
		ids[i] = "id:" + u.String()
		byKey[ids[i]] = u
	}
	users, err := recall(s, s.users, ids, func(ask []string) ([]dhis2.User, error) {
		uids := make([]dhis2.UID, len(ask))
		for i, k := range ask {
			uids[i] = byKey[k]
		}
		return s.cfg.Reader.Users(ctx, uids)
	}, func(u dhis2.User) string { return "id:" + u.Identity().String() })
	if err != nil {
		return nil, err
	}
	names := make([]string, len(r.names))
	for i, n := range r.names {
		names[i] = "name:" + n
	}
	named, err := recall(s, s.users, names, func(ask []string) ([]dhis2.User, error) {
		plain := make([]string, len(ask))
		for i, k := range ask {
			plain[i] = strings.TrimPrefix(k, "name:")
		}
		return s.cfg.Reader.UsersByName(ctx, plain)
	}, func(u dhis2.User) string { return "name:" + u.Username })
	if err != nil {
		return nil, err
	}
	users = append(users, named...)
	slices.SortFunc(users, func(a, b dhis2.User) int {
		return cmp.Compare(a.Identity().String(), b.Identity().String())
	})
	return slices.CompactFunc(users, func(a, b dhis2.User) bool { return a.Identity() == b.Identity() }), nil
}

// recall answers from memory and asks for what is not there or too old. What
// the answer leaves out, and what is forbidden, is remembered as absent.
func recall[K comparable, V any](s *ContextSource, memory map[K]remembered[V], keys []K,
	ask func([]K) ([]V, error), key func(V) K) ([]V, error) {
	var missing []K
	for _, k := range keys {
		if !s.fresh(memory[k].at) {
			missing = append(missing, k)
		}
	}
	if len(missing) > 0 {
		answer, err := ask(missing)
		if err != nil && !hidden(err) {
			return nil, err
		}
		now := s.cfg.Now()
		for _, k := range missing {
			memory[k] = remembered[V]{at: now}
		}
		for _, v := range answer {
			memory[key(v)] = remembered[V]{at: now, there: true, value: v}
		}
	}
	var out []V
	for _, k := range keys {
		if m := memory[k]; m.there {
			out = append(out, m.value)
		}
	}
	return out, nil
}

// hidden reports whether the server does not show what was asked for.
func hidden(err error) bool {
	e, ok := errors.AsType[interface {
		error
		Forbidden() bool
		NotFound() bool
	}](err)
	return ok && (e.Forbidden() || e.NotFound())
}
