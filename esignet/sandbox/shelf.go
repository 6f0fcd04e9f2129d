package sandbox

import "time"

// shelf keeps things for a while, at most max of them. The oldest give way.
type shelf[T any] struct {
	max   int
	items map[string]shelved[T]
	order []string // oldest first; holds keys that are gone, until they come up
}

type shelved[T any] struct {
	value T
	until time.Time
}

func newShelf[T any](max int) *shelf[T] {
	return &shelf[T]{max: max, items: map[string]shelved[T]{}}
}

// put keeps value until the given time.
func (s *shelf[T]) put(key string, value T, now, until time.Time) {
	if _, ok := s.items[key]; !ok {
		s.order = append(s.order, key)
	}
	s.items[key] = shelved[T]{value, until}
	s.sweep(now)
}

// sweep lets go of what is over and of what is too much.
func (s *shelf[T]) sweep(now time.Time) {
	for len(s.order) > 0 {
		head, ok := s.items[s.order[0]]
		if ok && now.Before(head.until) && len(s.items) <= s.max {
			break
		}
		delete(s.items, s.order[0])
		s.order = s.order[1:]
	}
	// Things taken from the middle leave their keys behind.
	if len(s.order) > 2*len(s.items)+64 {
		kept := make([]string, 0, len(s.items))
		seen := make(map[string]bool, len(s.items))
		for _, key := range s.order {
			if _, ok := s.items[key]; ok && !seen[key] {
				kept = append(kept, key)
				seen[key] = true
			}
		}
		s.order = kept
	}
}

// get gives what is kept under key, if its time is not over.
func (s *shelf[T]) get(key string, now time.Time) (T, bool) {
	item, ok := s.items[key]
	if !ok || !now.Before(item.until) {
		var none T
		return none, false
	}
	return item.value, true
}

// take gives and removes.
func (s *shelf[T]) take(key string, now time.Time) (T, bool) {
	value, ok := s.get(key, now)
	delete(s.items, key)
	return value, ok
}

func (s *shelf[T]) len() int { return len(s.items) }
