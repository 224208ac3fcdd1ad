package ui_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"caconsole/ui/page/pagetest"
)

// browser is one tab of Chromium in the window of the mock-ups, looking at a site.
type browser struct {
	t   *testing.T
	ctx context.Context
	url string
}

func openBrowser(t *testing.T, s *pagetest.Site) *browser {
	t.Helper()
	bin, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	_, err = drawn() // before anything is waited for
	require.NoError(t, err, "fonts-noto-cjk and poppler-utils are needed")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = s.App.Listener(ln) }()
	t.Cleanup(func() { _ = s.App.Shutdown() })
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(bin), chromedp.NoSandbox, chromedp.WindowSize(1366, 768))...)
	t.Cleanup(stop)
	ctx, done := chromedp.NewContext(ctx)
	t.Cleanup(done)
	b := &browser{t: t, ctx: ctx, url: fmt.Sprintf("http://localhost:%d", ln.Addr().(*net.TCPAddr).Port)}
	b.do(chromedp.EmulateViewport(1366, 768), chromedp.Navigate(b.url+"/enter"))
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, steps...))
}

// see opens a path and waits for its images.
func (b *browser) see(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.url + path))
	b.until(`document.readyState === "complete" && [...document.images].every(i => i.complete || i.loading === "lazy")`)
}

// until waits for an expression to be true.
func (b *browser) until(expression string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
		return err == nil && ok
	}, 20*time.Second, 20*time.Millisecond, expression)
}

// js runs a script and returns its value.
func js[T any](b *browser, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err)
	return v
}

// prefer sets language and theme for the pages that follow.
func (b *browser) prefer(lang, theme string) {
	b.t.Helper()
	js[bool](b, `document.cookie = "caconsole_lang=`+lang+`; path=/"; document.cookie = "caconsole_theme=`+theme+`; path=/"; true`)
}

// keep writes what is seen to a file of the folder CACONSOLE_SCREENS, if that is set.
func (b *browser) keep(name string) {
	b.t.Helper()
	dir := os.Getenv("CACONSOLE_SCREENS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600))
}
