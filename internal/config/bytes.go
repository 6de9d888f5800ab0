package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bytes is a size, written 16KiB.
type Bytes int64

// ParseBytes reads a whole number with one of the units B, KiB, MiB and GiB. A bare number and
// the decimal units are refused: a reader could take 16k for 16000 or for 16384.
func ParseBytes(s string) (Bytes, error) {
	digits := s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a size; write a whole number with its unit, such as 16KiB", s)
	}
	unit := strings.TrimSpace(s[len(digits):])
	scale, known := byteUnits()[unit]
	if !known {
		return 0, errors.New(unitAdvice(s, n, unit))
	}
	if n > math.MaxInt64/scale {
		return 0, fmt.Errorf("%s is too large", s)
	}
	return Bytes(n * scale), nil
}

// String writes b in the largest unit that leaves a whole number.
func (b Bytes) String() string {
	for _, unit := range []string{"GiB", "MiB", "KiB"} {
		if scale := byteUnits()[unit]; b != 0 && int64(b)%scale == 0 {
			return strconv.FormatInt(int64(b)/scale, 10) + unit
		}
	}
	return strconv.FormatInt(int64(b), 10) + "B"
}

func byteUnits() map[string]int64 {
	return map[string]int64{"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
}

func unitAdvice(s string, n int64, unit string) string {
	if unit == "" {
		return fmt.Sprintf("%s has no unit; write %s", s, Bytes(n))
	}
	for known := range byteUnits() {
		if strings.EqualFold(unit, known) || strings.EqualFold(unit, known[:1]) || strings.EqualFold(unit, known[:1]+"B") {
			return fmt.Sprintf("unit %q is not known; write %d%s", unit, n, known)
		}
	}
	return fmt.Sprintf("unit %q is not known; write B, KiB, MiB or GiB, such as 16KiB", unit)
}
