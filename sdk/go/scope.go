package sdk

import "strings"

// Covers tells whether granted scopes (space-separated) cover wanted: each covers itself and everything below it, so
// that "read" covers "read:orders".
func Covers(granted, wanted string) bool {
	for _, held := range strings.Fields(granted) {
		if wanted == held || strings.HasPrefix(wanted, held+":") {
			return true
		}
	}
	return false
}
