// Package browser_test looks at the statistics page with Chromium, as its users do: a real
// balancer runs as a process of its own, with real servers behind it.
package browser_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// The program under test, built once, and the browser, started once. Each tab has cookies, logins
// and a cache of its own.
var (
	balancerPath string
	browser      context.Context
)

func TestMain(m *testing.M) {
	if name := os.Getenv(originVariable); name != "" {
		os.Exit(serveOrigin(name))
	}
	os.Exit(prepare(m))
}

func prepare(m *testing.M) int {
	dir, err := os.MkdirTemp("", "relais")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	balancerPath = filepath.Join(dir, "balancer")
	build := exec.Command("go", "build", "-o", balancerPath, "./cmd/balancer")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		return m.Run() // the tests say so
	}
	var stop func()
	browser, stop = startBrowser(path, filepath.Join(dir, "profile")) //nolint:fatcontext // all tabs are opened from it
	defer stop()
	return m.Run()
}

// startBrowser starts Chromium without what it would ask the network for by itself. Its sandbox
// does not work for root; the pages are our own.
func startBrowser(path, profile string) (ctx context.Context, stop func()) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("no-proxy-server", true))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	tab, stopBrowser := chromedp.NewContext(allocator)
	if err := chromedp.Do(tab); err != nil {
		panic(err)
	}
	return tab, func() {
		stopBrowser()
		stopAllocator()
	}
}
