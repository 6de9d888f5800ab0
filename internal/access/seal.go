package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"
)

// mark is what a seal leaves.
type mark [sha256.Size]byte

// seal makes HMACs with a key that nobody outside of the process has.
type seal struct{ macs sync.Pool }

func newSeal() *seal {
	key := make([]byte, sha256.BlockSize)
	rand.Read(key) // never fails
	return &seal{macs: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// of returns the mark of parts, each with its length, so that nothing can move from one to the
// next. The first says what the mark is for.
func (s *seal) of(parts ...string) (m mark) {
	size := 0
	for _, part := range parts {
		size += binary.MaxVarintLen64 + len(part)
	}
	text := make([]byte, 0, size)
	for _, part := range parts {
		text = append(binary.AppendUvarint(text, uint64(len(part))), part...)
	}
	mac := s.macs.Get().(hash.Hash)
	defer s.macs.Put(mac)
	mac.Reset()
	mac.Write(text)
	mac.Sum(m[:0])
	return m
}
