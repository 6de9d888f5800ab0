package route

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"relais/internal/config"
)

// A limiter remembers at most shards*sets*ways clients, 131,072, in 2 MiB. Each belongs to one set;
// of a full set the one that is least in debt is forgotten first, so that a flood of new clients
// does not wash out those that are over the limit.
const (
	shards = 64
	sets   = 256
	ways   = 8
)

// limiter lets through so many requests of each client: a token bucket per client, kept as the
// one moment at which it will be full again (the generic cell rate algorithm of ATM).
type limiter struct {
	interval int64 // nanoseconds in which a token comes
	burst    int64 // nanoseconds in which a bucket fills
	header   string
	reason   string
	began    time.Time
	seed     maphash.Seed

	shards [shards]shard
}

// shard is some of the clients, under a lock of their own.
type shard struct {
	mu   sync.Mutex
	sets [][ways]bucket // nil until it is needed
}

// bucket is that of one client. Of the client only a hash is kept: with a secret seed and 64 bits,
// two do not share one by chance nor by intent.
type bucket struct {
	client uint64
	full   int64 // nanoseconds since the limiter began
}

func newLimiter(c *config.RateLimit) (action, error) {
	burst := c.Burst
	if burst == 0 {
		burst = c.Requests
	}
	if c.Requests < 1 || c.Per <= 0 || burst < 0 || c.Per/time.Duration(c.Requests) == 0 {
		return nil, fmt.Errorf("rate_limit: it is %d requests per %s with a burst of %d; write 1 or more of each", c.Requests, c.Per, c.Burst)
	}
	interval := int64(c.Per) / int64(c.Requests)
	if int64(burst) > int64(maxFill)/interval {
		return nil, fmt.Errorf("rate_limit: a burst of %d would be over after more than %s; write less", burst, maxFill)
	}
	l := &limiter{
		interval: interval, burst: interval * int64(burst), header: strings.ToLower(c.Header),
		began: time.Now(), seed: maphash.MakeSeed(),
		reason: fmt.Sprintf("more than %d requests in %s of this client", c.Requests, c.Per),
	}
	if c.Header != "" {
		l.reason = fmt.Sprintf("more than %d requests in %s with this %s", c.Requests, c.Per, c.Header)
	}
	return l, nil
}

// maxFill bounds how long a bucket takes to fill, so that its moments stay numbers.
const maxFill = 366 * 24 * time.Hour

func (l *limiter) decide(r *Request, now time.Time) (Decision, bool) {
	wait := l.take(l.client(r), max(0, int64(now.Sub(l.began))))
	if wait == 0 {
		return Decision{}, false
	}
	return Decision{Kind: Limited, RetryAfter: time.Duration(wait), Reason: l.reason}, true
}

// client is whom the request is counted for: the first value of the header field, if there is
// one, else the source. Of IPv6 that is the network of 64 bits, since a client has all of it.
func (l *limiter) client(r *Request) uint64 {
	if l.header != "" {
		if value, _ := r.header.Field(l.header, 0); value != nil {
			return maphash.Bytes(l.seed, value)
		}
	}
	var key [17]byte
	addr := r.source.Unmap()
	switch {
	case addr.Is4():
		ip := addr.As4()
		copy(key[1:], ip[:])
		key[0] = 4
	case addr.Is6():
		ip := addr.As16()
		copy(key[1:], ip[:8])
		key[0] = 6
	}
	return maphash.Bytes(l.seed, key[:]) ^ sourceKey
}

// sourceKey tells sources from values of a field with the same bytes.
const sourceKey = 0x9e3779b97f4a7c15

// take takes a token of a client's. Without one it returns the nanoseconds until there is.
func (l *limiter) take(client uint64, now int64) (wait int64) {
	s := &l.shards[client%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sets == nil {
		s.sets = make([][ways]bucket, sets)
	}
	b := find(&s.sets[client/shards%sets], client)
	full := max(b.full, now)
	if wait = full + l.interval - now - l.burst; wait > 0 {
		return wait
	}
	b.full = full + l.interval
	return 0
}

// find returns the bucket of a client, or else one that has become its own.
func find(set *[ways]bucket, client uint64) *bucket {
	least := &set[0]
	for i := range set {
		b := &set[i]
		if b.client == client {
			return b
		}
		if b.full < least.full {
			least = b
		}
	}
	*least = bucket{client: client}
	return least
}
