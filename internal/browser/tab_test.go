package browser_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"relais/internal/testkit"
)

// patience bounds every wait for the browser.
const patience = 20 * time.Second

// step is something that the user or the browser does.
type step = chromedp.Action[chromedp.Void]

// tab is a tab of the browser in a profile of its own, and what has been noticed about it.
type tab struct {
	ctx context.Context //nolint:containedctx // it is what chromedp knows a tab by

	mu       sync.Mutex
	faults   []string // errors and warnings of the console, answers with an error
	requests []string // URLs
	visits   int      // pages shown
	login    fetch.AuthChallengeResponse
}

// newTab opens a tab of the size of a desktop's window. Without a browser the test is skipped, in
// CI failed.
func newTab(t *testing.T) *tab {
	t.Helper()
	testkit.Program(t, "chromium")
	b := &tab{}
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.notice))
	t.Cleanup(closeTab)
	b.ctx = ctx
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 1200)); err != nil {
		t.Fatal(err)
	}
	return b
}

// do takes the steps.
func (b *tab) do(t *testing.T, steps ...step) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// visit loads a page and returns the status of the answer.
func (b *tab) visit(t *testing.T, url string) int {
	t.Helper()
	answer := ask(t, b, chromedp.NavigateResponse(url))
	return int(answer.Status)
}

// follow takes a step that leads to another page, and returns the answer.
func (b *tab) follow(t *testing.T, leads step) *network.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, leads)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// visitAs does the same, and answers the browser's question for name and password once. The
// browser remembers them if they were right.
func (b *tab) visitAs(t *testing.T, user, password, url string) int {
	t.Helper()
	b.mu.Lock()
	b.login = fetch.AuthChallengeResponse{Response: fetch.AuthChallengeResponseResponseProvideCredentials, Username: user, Password: password}
	b.mu.Unlock()
	b.do(t, call(fetch.Enable, fetch.EnableParams{HandleAuthRequests: new(true)}))
	status := b.visit(t, url)
	b.do(t, call(fetch.Disable, cdp.Empty{}))
	return status
}

// read returns what an expression of JavaScript says about the page.
func read[T any](t *testing.T, b *tab, expression string) T {
	t.Helper()
	return ask(t, b, chromedp.Evaluate[T](expression, awaited))
}

func ask[T any](t *testing.T, b *tab, question chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, question)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func awaited(p *runtime.EvaluateParams) { p.AwaitPromise = new(true) }

// call is a step for which there is a command of the browser's protocol only.
func call[P, R any](command cdp.Command[P, R], params P) step {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

// has tells whether something holds on the page. What cannot be asked, as the page is just being
// replaced, does not.
func (b *tab) has(condition string) bool {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+condition+")"))
	return err == nil && holds
}

// eventually waits until something holds on the page, without touching it.
func (b *tab) eventually(t *testing.T, within time.Duration, what, condition string) {
	t.Helper()
	deadline, tick := time.After(within), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !b.has(condition) {
		select {
		case <-deadline:
			t.Fatalf("the page does not show within %v: %s\n%s", within, what, read[string](t, b, "document.body.innerText"))
		case <-tick.C:
		}
	}
}

// row is the row of a server, or of Frontend or Backend, under HAProxy's anchor.
func row(id string) string { return fmt.Sprintf("document.getElementById(%q)", id) }

// shows is that a text is to be seen in a part of the page.
func shows(part, text string) string { return fmt.Sprintf("%s?.innerText.includes(%q)", part, text) }

// holds is that a text is in a part of the page, which may be out of the window.
func holds(part, text string) string { return fmt.Sprintf("%s?.textContent.includes(%q)", part, text) }

// noticed returns what was noticed so far.
func (b *tab) noticed() (faults, requests []string, visits int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.faults), slices.Clone(b.requests), b.visits
}

// notice is called with each event of the tab, and must not wait for the browser.
func (b *tab) notice(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.faults = append(b.faults, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			b.faults = append(b.faults, fmt.Sprintf("console: %s", e.Args[0].Value))
		}
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, "uncaught: "+e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 {
			b.faults = append(b.faults, fmt.Sprintf("%s: status %d", e.Response.URL, e.Response.Status))
		}
	case *page.EventFrameNavigated:
		b.visits++
	case *page.EventJavascriptDialogOpening:
		go answer(b, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
	case *fetch.EventAuthRequired:
		login := b.login
		b.login = fetch.AuthChallengeResponse{Response: fetch.AuthChallengeResponseResponseCancelAuth}
		go answer(b, fetch.ContinueWithAuth, fetch.ContinueWithAuthParams{RequestID: e.RequestID, AuthChallengeResponse: &login})
	case *fetch.EventRequestPaused:
		go answer(b, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
	}
}

// answer gives the browser what it waits for. It fails when the tab has gone, and then does not
// matter.
func answer[P, R any](b *tab, command cdp.Command[P, R], params P) {
	_, _ = cdp.Call(b.ctx, chromedp.FromContext(b.ctx).Target, command, params)
}
