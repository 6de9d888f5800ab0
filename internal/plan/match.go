package plan

import "slices"

// matching says which elements of two lists are the same. Those that have kept their order are as
// many as can be; the others have moved.
type matching struct {
	to    []int  // for each element of the first list its place in the second; -1: none
	from  []int  // the other way round
	moved []bool // for each element of the second list
}

// match matches equal strings, the first with the first of several.
func match(from, to []string) *matching {
	m := &matching{to: make([]int, len(from)), from: make([]int, len(to)), moved: make([]bool, len(to))}
	waiting := make(map[string][]int, len(from))
	for i, s := range from {
		m.to[i] = -1
		waiting[s] = append(waiting[s], i)
	}
	for j, s := range to {
		m.from[j] = -1
		if places := waiting[s]; len(places) > 0 {
			m.from[j], waiting[s] = places[0], places[1:]
			m.to[places[0]] = j
		}
	}
	kept := longestRise(m.from)
	for j, i := range m.from {
		m.moved[j] = i >= 0 && !kept[j]
	}
	return m
}

// pair matches what is alone in both lists, in the same gap between elements that have kept their
// order.
func (m *matching) pair(alike func(i, j int) bool) {
	i := 0
	for j := range m.from {
		if m.from[j] >= 0 {
			if !m.moved[j] {
				i = m.from[j] + 1
			}
			continue
		}
		for k := i; k < len(m.to) && !m.anchors(k); k++ {
			if m.to[k] < 0 && alike(k, j) {
				m.to[k], m.from[j] = j, k
				i = k + 1
				break
			}
		}
	}
}

// anchors tells whether element i of the first list has kept its order.
func (m *matching) anchors(i int) bool { return m.to[i] >= 0 && !m.moved[m.to[i]] }

// longestRise marks a longest subsequence of numbers that rise, negative ones left out.
func longestRise(numbers []int) []bool {
	var tails []int // by length, the place of the lowest number that ends such a subsequence
	before := make([]int, len(numbers))
	for j, n := range numbers {
		if n < 0 {
			continue
		}
		k, _ := slices.BinarySearchFunc(tails, n, func(tail, n int) int { return numbers[tail] - n })
		before[j] = -1
		if k > 0 {
			before[j] = tails[k-1]
		}
		if k == len(tails) {
			tails = append(tails, j)
		} else {
			tails[k] = j
		}
	}
	kept := make([]bool, len(numbers))
	if len(tails) > 0 {
		for j := tails[len(tails)-1]; j >= 0; j = before[j] {
			kept[j] = true
		}
	}
	return kept
}
