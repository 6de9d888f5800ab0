// Package spell finds the word that somebody who mistyped one probably meant.
package spell

// Nearest returns the word of known with the fewest edits to word, or "" when none is near
// enough to be meant: about one edit for each three letters. The first of equals wins.
func Nearest(word string, known []string) string {
	best, fewest := "", max(1, len(word)/3)+1
	for _, k := range known {
		if d := distance(word, k); d < fewest {
			best, fewest = k, d
		}
	}
	return best
}

// distance is the number of letters to insert, remove, replace or swap with their neighbour
// that turn a into b.
func distance(a, b string) int {
	above, before := make([]int, len(b)+1), make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range row {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+differ(a[i-1], b[j-1]))
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}

func differ(a, b byte) int {
	if a == b {
		return 0
	}
	return 1
}
