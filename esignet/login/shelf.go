package login

import (
	"sync"
	"time"
)

// shelf keeps things for one span of time, so many at most. It is safe for
// concurrent use.
type shelf[T any] struct {
	life time.Duration
	max  int
	now  func() time.Time

	mu    sync.Mutex
	items map[string]item[T]
	order []string // by expiry, since all live equally long; may name what is gone
}

type item[T any] struct {
	value T
	until time.Time
}

func newShelf[T any](life time.Duration, max int, now func() time.Time) *shelf[T] {
	return &shelf[T]{life: life, max: max, now: now, items: map[string]item[T]{}}
}

// put keeps a value under a key that is not there yet. It gives false when the
// key is, or when there is no room.
func (s *shelf[T]) put(key string, value T) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	if _, taken := s.items[key]; taken || len(s.items) >= s.max {
		return false
	}
	s.items[key] = item[T]{value, s.now().Add(s.life)}
	s.order = append(s.order, key)
	return true
}

// sweep forgets what has expired. What was taken leaves its name in the order,
// which goes with its time too.
func (s *shelf[T]) sweep() {
	now, gone := s.now(), 0
	for _, key := range s.order {
		if i, there := s.items[key]; there && now.Before(i.until) {
			break
		}
		delete(s.items, key)
		gone++
	}
	s.order = s.order[gone:]
}

func (s *shelf[T]) get(key string) (value T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(key)
}

func (s *shelf[T]) find(key string) (value T, ok bool) {
	i, there := s.items[key]
	if !there || !s.now().Before(i.until) {
		return value, false
	}
	return i.value, true
}

// take gives a value once, if it is the one that fits. What does not fit stays.
func (s *shelf[T]) take(key string, fits func(T) bool) (value T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if value, ok = s.find(key); !ok || !fits(value) {
		var none T
		return none, false
	}
	delete(s.items, key)
	return value, true
}

func (s *shelf[T]) drop(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.items, key)
}

func (s *shelf[T]) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	return len(s.items)
}
