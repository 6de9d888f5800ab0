package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"slices"
	"strings"
)

// Asset is a file that the page needs.
type Asset struct {
	Type string // Content-Type
	Body []byte
}

var (
	//go:embed style.css
	pageStyle []byte
	//go:embed live.css
	liveStyle []byte // of what the script adds
	//go:embed explain.css
	explainStyle []byte // of the page that says why
	//go:embed live.js
	liveScript []byte
	//go:embed table.js
	tableScript []byte
	//go:embed keys.js
	keysScript []byte
	//go:embed icon.svg
	icon []byte

	style  = slices.Concat(pageStyle, liveStyle, explainStyle)
	script = slices.Concat(liveScript, tableScript, keysScript)

	styleName  = hashedName("style", style, "css")
	iconName   = hashedName("icon", icon, "svg")
	scriptName = hashedName("script", script, "js")
)

// Assets returns the files of the page by name, to be served as Options.Path + "/" + name. A
// name changes with its content, so a browser may keep a file for ever. The caller must not
// change the bodies.
func Assets() map[string]Asset {
	return map[string]Asset{
		styleName:  {"text/css; charset=utf-8", style},
		scriptName: {"text/javascript; charset=utf-8", script},
		iconName:   {"image/svg+xml", icon},
	}
}

// StylePath and IconPath return where the style sheet and the icon are, for other pages that are to
// look like the one at path.
func StylePath(path string) string { return assetPath(path, styleName) }

// IconPath is described at StylePath.
func IconPath(path string) string { return assetPath(path, iconName) }

func hashedName(name string, body []byte, extension string) string {
	sum := sha256.Sum256(body)
	return name + "-" + hex.EncodeToString(sum[:6]) + "." + extension
}

func assetPath(path, name string) string { return strings.TrimSuffix(path, "/") + "/" + name }
