package page

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"caconsole/admin/money"
)

//go:embed locale/*.json
var localeFiles embed.FS

// reserved are words go-i18n takes for the fields of a message, so a catalogue file cannot use them as keys.
var reserved = []string{"id", "description", "hash", "leftdelim", "rightdelim", "zero", "one", "two", "few", "many", "other"}

// Catalogue holds every sentence of the screens, by language and key.
type Catalogue struct {
	bundle     *i18n.Bundle
	localizers map[string]*i18n.Localizer
	// plain holds the sentences without arguments or plural forms: most of a page, and a map is all they need.
	plain map[string]map[string]string
	// source holds each sentence as the file has it, all plural forms in one.
	source map[string]map[string]string
	twice  []string // keys that two files define; the later file counts
}

// NewCatalogue loads the sentences all areas share, for what answers without a Router: the intake API.
func NewCatalogue() (*Catalogue, error) { return newCatalogue() }

func newCatalogue() (*Catalogue, error) {
	c := &Catalogue{
		bundle:     i18n.NewBundle(language.Chinese),
		localizers: map[string]*i18n.Localizer{},
		plain:      map[string]map[string]string{},
		source:     map[string]map[string]string{},
	}
	for _, lang := range Languages {
		c.localizers[lang] = i18n.NewLocalizer(c.bundle, lang)
		c.plain[lang] = map[string]string{}
		c.source[lang] = map[string]string{}
	}
	return c, c.addFolder(localeFiles, "locale")
}

// addFolder loads every "zh.json", "en.json" and "<name>.<lang>.json" of a folder.
func (c *Catalogue) addFolder(files fs.FS, dir string) error {
	names, err := fs.Glob(files, path.Join(dir, "*.json"))
	if err != nil {
		return fmt.Errorf("list catalogue: %w", err)
	}
	for _, name := range names {
		parts := strings.Split(strings.TrimSuffix(path.Base(name), ".json"), ".")
		if err := c.addFile(files, name, parts[len(parts)-1]); err != nil {
			return fmt.Errorf("catalogue %s: %w", name, err)
		}
	}
	return nil
}

func (c *Catalogue) addFile(files fs.FS, name, lang string) error {
	if !slices.Contains(Languages, lang) {
		return fmt.Errorf("unknown language %q", lang)
	}
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	var raw map[string]any
	if err := json.Unmarshal(data, &raw); err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	for key, v := range raw {
		if slices.Contains(reserved, strings.ToLower(key)) {
			return fmt.Errorf("key %q is reserved", key)
		}
		if _, ok := c.source[lang][key]; ok {
			c.twice = append(c.twice, fmt.Sprintf("%s is defined twice in %s, again by %s", key, lang, name))
		}
		c.source[lang][key] = fmt.Sprint(v)
		if s, ok := v.(string); ok && !strings.Contains(s, "{{") {
			c.plain[lang][key] = s
		}
	}
	if _, err := c.bundle.ParseMessageFileBytes(data, path.Base(path.Dir(name))+"."+lang+".json"); err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	return nil
}

// Has reports whether a key exists in the default language.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.source[Languages[0]][key]
	return ok
}

// Text returns the sentence of a key. A missing key is shown as it is: ugly, but it says what to add. An argument
// named "count" chooses the plural form where a language has one.
func (c *Catalogue) Text(lang, key string, args map[string]any) string {
	if s, ok := c.plain[lang][key]; ok {
		return s
	}
	l, ok := c.localizers[lang]
	if !ok || c.source[lang][key] == "" {
		return key
	}
	args = plainArgs(lang, args)
	cfg := i18n.LocalizeConfig{MessageID: key, TemplateData: args}
	if n, ok := args["count"]; ok {
		cfg.PluralCount = n
	}
	s, err := l.Localize(&cfg)
	if err != nil {
		return key
	}
	return s
}

// plainArgs writes amounts, times and spans the way the screens do.
func plainArgs(lang string, args map[string]any) map[string]any {
	if len(args) == 0 {
		return nil
	}
	out := make(map[string]any, len(args))
	for k, v := range args {
		switch x := v.(type) {
		case money.Fen:
			out[k] = yuan(x)
		case time.Time:
			out[k] = dateTime(x)
		case time.Duration:
			out[k] = Span(lang, x)
		case float64: // a number that has been through the flash cookie
			out[k] = int64(x)
		default:
			out[k] = v
		}
	}
	return out
}

var argument = regexp.MustCompile(`{{\s*\.(\w+)\s*}}`)

// Gaps lists what is wrong without stopping a start: keys that two files define, keys that miss in a language, and
// sentences whose arguments differ between languages.
func (c *Catalogue) Gaps() []string {
	gaps := slices.Clone(c.twice)
	for _, lang := range Languages {
		for _, other := range Languages {
			for key := range c.source[lang] {
				if _, ok := c.source[other][key]; !ok {
					gaps = append(gaps, fmt.Sprintf("%s misses in %s", key, other))
				} else if lang < other && c.arguments(lang, key) != c.arguments(other, key) {
					gaps = append(gaps, fmt.Sprintf("%s: arguments %q in %s, %q in %s",
						key, c.arguments(lang, key), lang, c.arguments(other, key), other))
				}
			}
		}
	}
	slices.Sort(gaps)
	return slices.Compact(gaps)
}

// arguments lists the names a sentence uses, sorted.
func (c *Catalogue) arguments(lang, key string) string {
	var names []string
	for _, m := range argument.FindAllStringSubmatch(c.source[lang][key], -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}
