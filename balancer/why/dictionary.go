package why

import (
	"bytes"
	"hash/maphash"
)

// Bounds of a dictionary: what does not fit any more is written out each time.
const (
	maxWords  = 1024
	wordSlots = 2 * maxWords // a power of two
)

// What stands before a word in a chunk. From wordFirst on, it is the place of a word that the
// chunk has had before.
const (
	wordNone  = iota // empty
	wordPlain        // its length and its bytes follow
	wordNew          // the same, and it gets the next place
	wordFirst
)

// column is what a word is for.
type column uint8

const (
	ofFrontend column = iota
	ofBackend
	ofMethod
	ofHost
	ofTermination
	ofReason
	ofWanted
	ofServer
	ofFailed
	columns
)

// dictionary finds the words of a chunk again, so that names and reasons stand there once. What it
// holds are places in the chunk's data, and it ends with the chunk: names that a reload has done
// away with need not be swept out.
type dictionary struct {
	seed   maphash.Seed
	slots  [wordSlots]uint16 // the place of a word + 1, by hash; 0: free
	words  [maxWords]wordAt
	count  int
	recent [columns]uint16 // the place + 1 of the last one: the next is often the same
}

// wordAt is where a word stands in the chunk.
type wordAt struct{ at, size uint32 }

func (w wordAt) in(data []byte) []byte { return data[w.at : w.at+w.size] }

func newDictionary() *dictionary { return &dictionary{seed: maphash.MakeSeed()} }

func (d *dictionary) clear() {
	d.slots, d.recent, d.count = [wordSlots]uint16{}, [columns]uint16{}, 0
}

// appendString adds a word to the chunk's data, cut at maxWord bytes.
func (d *dictionary) appendString(data []byte, of column, word string) []byte {
	if word == "" {
		return append(data, wordNone)
	}
	word = word[:min(len(word), maxWord)]
	if n := d.recent[of]; n > 0 && string(d.words[n-1].in(data)) == word {
		return appendNumber(data, wordFirst+uint64(n-1))
	}
	slot := int(maphash.String(d.seed, word)) & (wordSlots - 1)
	for ; d.slots[slot] != 0; slot = (slot + 1) & (wordSlots - 1) {
		if n := d.slots[slot]; string(d.words[n-1].in(data)) == word {
			d.recent[of] = n
			return appendNumber(data, wordFirst+uint64(n-1))
		}
	}
	data = appendNumber(append(data, d.kind()), uint64(len(word)))
	d.note(of, slot, len(data), len(word))
	return append(data, word...)
}

// appendBytes is appendString for bytes.
func (d *dictionary) appendBytes(data []byte, of column, word []byte) []byte {
	if len(word) == 0 {
		return append(data, wordNone)
	}
	word = word[:min(len(word), maxWord)]
	if n := d.recent[of]; n > 0 && bytes.Equal(d.words[n-1].in(data), word) {
		return appendNumber(data, wordFirst+uint64(n-1))
	}
	slot := int(maphash.Bytes(d.seed, word)) & (wordSlots - 1)
	for ; d.slots[slot] != 0; slot = (slot + 1) & (wordSlots - 1) {
		if n := d.slots[slot]; bytes.Equal(d.words[n-1].in(data), word) {
			d.recent[of] = n
			return appendNumber(data, wordFirst+uint64(n-1))
		}
	}
	data = appendNumber(append(data, d.kind()), uint64(len(word)))
	d.note(of, slot, len(data), len(word))
	return append(data, word...)
}

// kind is what stands before a word that is not here yet.
func (d *dictionary) kind() byte {
	if d.count == maxWords {
		return wordPlain
	}
	return wordNew
}

// note takes the word in whose bytes will stand at a place in the chunk, if there is room.
func (d *dictionary) note(of column, slot, at, size int) {
	if d.count == maxWords {
		return
	}
	d.words[d.count] = wordAt{uint32(at), uint32(size)}
	d.count++
	d.slots[slot], d.recent[of] = uint16(d.count), uint16(d.count)
}
