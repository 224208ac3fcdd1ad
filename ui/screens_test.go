// Package ui_test looks at all screens together: every page of every area with sample, empty and hostile data, in a
// real browser with its content policy, its keys and an audit of accessibility.
package ui_test

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/rbac"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// screen is one page in one state.
type screen struct {
	name     string // of the state: "case-mismatch"
	path     string // the route it stands on, so that the menu marks it
	template string // "area/page"
	data     func(words) any
	refused  error  // shown as a form that was not accepted
	open     string // fragment of the dialog or drawer that is open
}

// words looks a sentence up in the reader's language; "lang" is the language.
type words func(key string, args map[string]any) string

func wordsOf(c *page.Ctx) words {
	return func(key string, args map[string]any) string {
		if key == "lang" {
			return c.Lang()
		}
		return c.T(key, args)
	}
}

// plain gives the keys themselves, where only the shape of the data counts.
func plain(key string, _ map[string]any) string { return key }

// screens is every page in the states that look different.
func screens() []screen {
	return slices.Concat(reviewScreens(), moneyScreens(), revocationScreens(), certificateScreens(), manualScreens(), profileScreens(), serviceScreens(), keyScreens(), updateScreens(), watchScreens())
}

// telling is a choice of the screens: the first of each page, and those with something open or refused.
func telling() []screen {
	var out []screen
	seen := map[string]bool{}
	for _, s := range screens() {
		if !seen[s.template] || s.open != "" || s.refused != nil {
			out = append(out, s)
		}
		seen[s.template] = true
	}
	return out
}

// areas lists the folders of the screens.
func areas(tb testing.TB) []string {
	tb.Helper()
	found, err := filepath.Glob("*/zh.json")
	require.NoError(tb, err)
	out := make([]string, 0, len(found))
	for _, f := range found {
		out = append(out, filepath.Dir(f))
	}
	return out
}

func folder(area string) fs.FS { return os.DirFS(area) }

// newSite serves every screen at its route with ?screen=name, for somebody who may do everything.
func newSite(tb testing.TB) *pagetest.Site {
	tb.Helper()
	return pagetest.New(tb, rbac.All(), func(r *page.Router) {
		for _, area := range areas(tb) {
			r.Templates(area, folder(area))
		}
		byPath := map[string]map[string]screen{}
		for _, s := range screens() {
			if byPath[s.path] == nil {
				byPath[s.path] = map[string]screen{}
				show := func(c *page.Ctx) error {
					shown := byPath[s.path][c.Query("screen")]
					if shown.template == "" {
						shown = s
					}
					if shown.refused != nil {
						return c.Refuse(shown.refused, shown.template, shown.data(wordsOf(c)))
					}
					return c.Render(shown.template, shown.data(wordsOf(c)))
				}
				if s.path == "/login" {
					r.Public(http.MethodGet, s.path, show)
				} else {
					r.Get(s.path, page.LoggedIn, show)
				}
			}
			byPath[s.path][s.name] = s
		}
		r.Public(http.MethodGet, "/enter", func(c *page.Ctx) error {
			c.StartSession("pagetest", time.Hour)
			return c.Redirect("/login", "")
		})
		drawnPapers(r)
	})
}

// url is where the site shows a screen, with what is open on it.
func (s screen) url() string {
	return strings.NewReplacer(":no", caseNo, ":serial", caseSerial, ":id", sampleID.String()).Replace(s.path) + "?screen=" + s.name + s.open
}

// TestTemplatesWithHostileData renders every page of every area with nothing, with hostile texts and with the samples,
// in every language, and checks that no page was forgotten.
func TestTemplatesWithHostileData(t *testing.T) {
	byArea := map[string]map[string]any{}
	for _, s := range screens() {
		area, _, _ := strings.Cut(s.template, "/")
		if byArea[area] == nil {
			byArea[area] = map[string]any{}
		}
		if byArea[area][s.template] == nil {
			byArea[area][s.template] = s.data(plain)
		}
	}
	for _, area := range areas(t) {
		pages, err := filepath.Glob(filepath.Join(area, "[^_]*.html"))
		require.NoError(t, err)
		for _, p := range pages {
			name := strings.TrimSuffix(filepath.ToSlash(p), ".html")
			require.True(t, byArea[area][name] != nil, "page %s has no sample", name)
		}
		t.Run(area, func(t *testing.T) { pagetest.Pages(t, area, folder(area), byArea[area]) })
	}
}

// Every sample in every language, whole and without a key that has no sentence.
func TestSamplesHaveWords(t *testing.T) {
	s := newSite(t)
	require.Empty(t, s.Router.Gaps())
	for _, lang := range page.Languages {
		s.Lang = lang
		for _, shown := range screens() {
			res := s.Get(shown.url())
			require.Equal(t, shown.refused != nil, res.Status != 200, "%s: %d", shown.name, res.Status)
			for _, key := range bareKeys(res.Body) {
				t.Errorf("%s (%s) shows %q", shown.name, lang, key)
			}
		}
	}
}

// keyLike is what a sentence's key looks like where a word should stand.
var keyLike = regexp.MustCompile(`(?:^|[\s>])((?:queue|orders|stage|gate|state|menu|role|kind|path|method|check|reason|customer|document|verdict|identity|paper|where|hotline|answer|asked|sentence|issuance|invoices|refunds|channel|message|audit|act|statements|matching|staff|staffkeys|manual|profiles|home|certificates|login|page|error|field|org_kind|watch)\.[a-z0-9_.]+)`)

var tag = regexp.MustCompile(`<[^>]*>`)

func bareKeys(body string) []string {
	var out []string
	for _, m := range keyLike.FindAllStringSubmatch(tag.ReplaceAllString(body, " "), -1) {
		out = append(out, m[1])
	}
	return out
}
