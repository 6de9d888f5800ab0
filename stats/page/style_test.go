package page_test

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"relais/stats/page"
)

// What is written on a colour can be read: 4.5 to 1, as WCAG asks, by day and by night.
func TestColoursAreReadable(t *testing.T) {
	light, dark, _ := strings.Cut(stylesheet(t), "@media (prefers-color-scheme: dark)")
	dark, _, _ = strings.Cut(dark, "body {")
	for theme, colours := range map[string]map[string]float64{"light": luminances(light), "dark": luminances(dark)} {
		for _, ground := range []string{"paper", "page", "head", "tip", "up", "going-down", "going-up", "down", "no-check", "late",
			"draining", "maintain", "sum", "backup-up", "backup-going-down", "backup-going-up", "backup-draining"} {
			if c := contrast(colours["ink"], colours[ground]); c < 4.5 {
				t.Errorf("%s: ink on %s has contrast %.1f", theme, ground, c)
			}
		}
		for _, ink := range []string{"soft", "accent", "link", "good", "warn", "bad"} {
			for _, ground := range []string{"paper", "page"} {
				if c := contrast(colours[ink], colours[ground]); c < 4.5 {
					t.Errorf("%s: %s on %s has contrast %.1f", theme, ink, ground, c)
				}
			}
		}
	}
}

func stylesheet(t *testing.T) string {
	t.Helper()
	for name, asset := range page.Assets() {
		if strings.HasSuffix(name, ".css") {
			return string(asset.Body)
		}
	}
	t.Fatal("no style sheet")
	return ""
}

// luminances returns the relative luminance of each colour that css names.
func luminances(css string) map[string]float64 {
	found := map[string]float64{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]+);`).FindAllStringSubmatch(css, -1) {
		hex := m[2]
		if len(hex) == 3 {
			hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
		}
		if _, again := found[m[1]]; !again {
			found[m[1]] = 0.2126*linear(hex[0:2]) + 0.7152*linear(hex[2:4]) + 0.0722*linear(hex[4:6])
		}
	}
	return found
}

func linear(hex string) float64 {
	n, _ := strconv.ParseUint(hex, 16, 8)
	c := float64(n) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

func contrast(a, b float64) float64 { return (math.Max(a, b) + 0.05) / (math.Min(a, b) + 0.05) }
