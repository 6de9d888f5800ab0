package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"strings"
)

// Asset is a file that the page needs.
type Asset struct {
	Type string // Content-Type
	Body []byte
}

var (
	//go:embed style.css
	style []byte
	//go:embed icon.svg
	icon []byte

	styleName = hashedName("style", style, "css")
	iconName  = hashedName("icon", icon, "svg")
)

// Assets returns the files of the page by name, to be served as Options.Path + "/" + name. A
// name changes with its content, so a browser may keep a file for ever. The caller must not
// change the bodies.
func Assets() map[string]Asset {
	return map[string]Asset{
		styleName: {"text/css; charset=utf-8", style},
		iconName:  {"image/svg+xml", icon},
	}
}

func hashedName(name string, body []byte, extension string) string {
	sum := sha256.Sum256(body)
	return name + "-" + hex.EncodeToString(sum[:6]) + "." + extension
}

func assetPath(path, name string) string { return strings.TrimSuffix(path, "/") + "/" + name }
