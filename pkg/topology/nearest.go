package topology

import "strings"

// Nearest is the known name that an unknown one was probably meant to be, or "" if none is near.
func Nearest(unknown string, known []string) string {
	best, distance := "", 1+max(1, len(unknown)/3)
	if len(unknown) > 64 {
		return "" // no name is that long, and the distance takes time by its square
	}
	for _, name := range known {
		if len(unknown) > 2 && strings.HasPrefix(name, unknown) {
			return name
		}
		// The case is most often what is wrong: perpod for perPod.
		if d := editDistance(strings.ToLower(unknown), strings.ToLower(name)); d < distance {
			best, distance = name, d
		}
	}
	return best
}

// editDistance counts the bytes to insert, remove or replace to make one name of the other.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
