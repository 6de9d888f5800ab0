package file

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"relais/internal/config"
)

// setScalar reads text as v's type wants it. problem is empty when it could.
func setScalar(v reflect.Value, text string) (problem string) {
	switch p := v.Addr().Interface().(type) {
	case *string:
		*p = text
	case *config.Path:
		*p = config.NewPath(text)
	case *int:
		*p, problem = wholeNumber(text)
	case *float64:
		*p, problem = number(text)
	case *bool:
		*p, problem = boolean(text)
	case *time.Duration:
		*p, problem = duration(text)
	case *config.Bytes:
		*p, problem = advised(config.ParseBytes(text))
	case *fs.FileMode:
		*p, problem = advised(config.ParseFileMode(text))
	case *netip.Prefix:
		*p, problem = advised(config.ParseNetwork(text))
	case *config.StatusRanges:
		*p, problem = advised(config.ParseStatusRanges(text))
	}
	return problem
}

func advised[T any](value T, err error) (T, string) {
	if err != nil {
		return value, err.Error()
	}
	return value, ""
}

func wholeNumber(text string) (int, string) {
	n, err := strconv.Atoi(text)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Sprintf("%s is too large", text)
	case err != nil:
		return 0, fmt.Sprintf("%q is not a whole number; write digits only, such as 10", text)
	case strconv.Itoa(n) != text: // a leading 0 means octal to some readers
		return 0, fmt.Sprintf("%q can be read in two ways; write %d", text, n)
	}
	return n, ""
}

var decimal = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

func number(text string) (float64, string) {
	if percent, found := strings.CutSuffix(text, "%"); found && decimal.MatchString(percent) {
		n, _ := strconv.ParseFloat(percent, 64)
		return 0, fmt.Sprintf("%q is not a number; write %v", text, n/100)
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !decimal.MatchString(text) {
		return 0, fmt.Sprintf("%q is not a number; write digits with a point among them, such as 0.2", text)
	}
	return n, ""
}

func boolean(text string) (bool, string) {
	switch strings.ToLower(text) {
	case "true":
		return true, ""
	case "false":
		return false, ""
	case "yes", "on", "y", "1", "enabled", "required":
		return false, fmt.Sprintf("%q is not a boolean; write true", text)
	case "no", "off", "n", "0", "disabled", "none":
		return false, fmt.Sprintf("%q is not a boolean; write false", text)
	}
	return false, fmt.Sprintf("%q is not a boolean; write true or false", text)
}

var numberAndUnit = regexp.MustCompile(`^(\d+)\s*([A-Za-zµ]*)$`)

func duration(text string) (time.Duration, string) {
	number := numberAndUnit.FindStringSubmatch(text)
	if number != nil && number[2] == "" {
		return 0, unitlessAdvice(number[1])
	}
	d, err := time.ParseDuration(text)
	if err == nil {
		return d, ""
	}
	if number != nil {
		if unit := usualUnit(number[2]); unit != "" {
			return 0, fmt.Sprintf("%q is not a duration; write %s%s", text, number[1], unit)
		}
		if days, err := strconv.Atoi(number[1]); err == nil && days < 1000 && strings.HasPrefix(number[2], "d") {
			return 0, fmt.Sprintf("%q is not a duration; write %dh", text, days*24)
		}
	}
	return 0, fmt.Sprintf("%q is not a duration; write a number and its unit, such as 200ms, 5s, 1m or 1h", text)
}

// unitlessAdvice knows that HAProxy takes a bare number for milliseconds.
func unitlessAdvice(number string) string {
	if thousands, found := strings.CutSuffix(number, "000"); found && thousands != "" {
		return fmt.Sprintf("%s has no unit; write %ss if it means milliseconds, as in HAProxy, else %ss", number, thousands, number)
	}
	return fmt.Sprintf("%s has no unit; write %ss", number, number)
}

func usualUnit(unit string) string {
	switch strings.TrimSuffix(strings.ToLower(unit), "s") {
	case "", "sec", "second":
		return "s"
	case "m", "min", "minute":
		return "m"
	case "h", "hr", "hour":
		return "h"
	case "msec", "milli", "millisecond":
		return "ms"
	}
	return ""
}
