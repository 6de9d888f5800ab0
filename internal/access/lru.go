package access

import "container/list"

// lru is a map that forgets what was not used for longest when it is full. It has no lock.
type lru[K comparable, V any] struct {
	most    int
	order   *list.List // of *entry[K, V], the last used first
	entries map[K]*list.Element
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newLRU[K comparable, V any](most int) *lru[K, V] {
	return &lru[K, V]{most: most, order: list.New(), entries: map[K]*list.Element{}}
}

func (l *lru[K, V]) get(key K) (value V, ok bool) {
	e, ok := l.entries[key]
	if !ok {
		return value, false
	}
	l.order.MoveToFront(e)
	return e.Value.(*entry[K, V]).value, true
}

func (l *lru[K, V]) put(key K, value V) {
	l.remove(key)
	if len(l.entries) == l.most {
		l.remove(l.order.Back().Value.(*entry[K, V]).key)
	}
	l.entries[key] = l.order.PushFront(&entry[K, V]{key, value})
}

func (l *lru[K, V]) remove(key K) {
	if e, ok := l.entries[key]; ok {
		l.order.Remove(e)
		delete(l.entries, key)
	}
}
