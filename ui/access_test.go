package ui_test

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// judged runs every rule of axe and tells each finding with the elements it was found at.
const judged = `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.target.join(" ") + " " + n.failureSummary.split("\\n").slice(1).join(";"))))`

// TestAccessible has axe look at every page, with its dialogs and drawers open and its forms refused.
func TestAccessible(t *testing.T) {
	axe, err := os.ReadFile("testdata/axe.min.js")
	require.NoError(t, err)
	b := openBrowser(t, newSite(t))
	b.prefer("zh", "light")
	for _, s := range telling() {
		b.see(s.url())
		b.do(chromedp.Evaluate[chromedp.Void](string(axe)))
		assert.Empty(t, js[[]string](b, judged), s.name)
	}
}
