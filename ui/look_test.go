package ui_test

import (
	"os"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cut lists what does not fit: a page that scrolls as a whole, a bar or a cell that holds more than it shows.
const cut = `(() => {
	const out = [], root = document.scrollingElement;
	if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) out.push("page " + root.scrollWidth + "x" + root.scrollHeight);
	const main = document.querySelector(".folded .main");
	if (main && main.scrollHeight > main.clientHeight + 1) out.push("main " + main.scrollHeight + " in " + main.clientHeight);
	for (const e of document.querySelectorAll(".top, .top-tools, .crumbs, .work-head > div, .card, .card-head, .card-foot, .tabs, .query, .bar, .bar > *, .btn, .tag, td, th, .figure, .drawer-head")) {
		if (e.closest(".sr") || !e.getClientRects().length) continue;
		const over = e.scrollWidth - e.clientWidth;
		if (over > 1 && getComputedStyle(e).display !== "inline") out.push(e.tagName + "." + e.className + " +" + over + " " + e.textContent.trim().slice(0, 40));
		const box = e.getBoundingClientRect();
		if (!e.closest(".scroll, .pane, .canvas, .tabs") && (box.right > innerWidth + 1 || box.bottom > innerHeight + 1)) out.push("outside " + e.className + " " + Math.round(box.right) + "," + Math.round(box.bottom));
	}
	return out;
})()`

// judged runs every rule of axe and tells each finding with the elements it was found at.
const judged = `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.target.join(" ") + " " + n.failureSummary.split("\n").slice(1).join(";"))))`

// TestScreensInBrowser looks at every screen in the window of the mock-ups, at those that tell most in English too:
// nothing is cut, no page scrolls as a whole, and axe finds nothing on any page, with its dialogs and drawers open and
// its forms refused. CACONSOLE_SCREENS=folder keeps what was seen, and adds the case in dark.
func TestScreensInBrowser(t *testing.T) {
	axe, err := os.ReadFile("testdata/axe.min.js")
	require.NoError(t, err)
	b := openBrowser(t, newSite(t))
	look := func(lang, theme string, what []screen) {
		b.prefer(lang, theme)
		for _, s := range what {
			b.see(s.url())
			b.keep(s.name + "-" + lang + "-" + theme)
			assert.Empty(t, js[[]string](b, cut), "%s %s", s.name, lang)
			if slices.ContainsFunc(telling(), func(x screen) bool { return lang == "zh" && theme == "light" && x.name == s.name }) {
				b.do(chromedp.Evaluate[chromedp.Void](string(axe)))
				assert.Empty(t, js[[]string](b, judged), s.name)
			}
		}
	}
	look("zh", "light", screens())
	look("en", "light", telling())
	if os.Getenv("CACONSOLE_SCREENS") != "" {
		look("zh", "dark", caseScreens())
	}
}
