package page

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"caconsole/admin/money"
)

// beijing is the time of every screen. China has had no daylight saving since 1991.
var beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

// Beijing returns the same instant on the clock of the screens.
func Beijing(t time.Time) time.Time { return t.In(beijing) }

// funcs are the functions of the templates, bound to a language.
func (r *renderer) funcs(lang string) template.FuncMap {
	return template.FuncMap{
		"t": func(key string, pairs ...any) (string, error) {
			args, err := Args(pairs...)
			return r.catalogue.Text(lang, key, args), err
		},
		"icon":     r.icon,
		"asset":    r.assets.URL,
		"money":    func(f money.Fen) string { return f.Grouped() },
		"yuan":     yuan,
		"datetime": dateTime,
		"date":     func(t time.Time) string { return stamp(t, time.DateOnly) },
		"clock":    func(t time.Time) string { return stamp(t, time.TimeOnly) },
		"short":    func(t time.Time) string { return stamp(t, "01-02 15:04") },
		"iso":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"span":     func(d time.Duration) string { return Span(lang, d) },
		"digest":   digest,
		"groups":   groups,
		"number":   number,
		"or_dash":  orDash,
		"status":   func(tone, word string) Status { return Status{Tone: tone, Word: word} },
		"on":       func(v View, x any) On { return On{Page: v.Page, Value: x} },
		"split":    strings.Fields,
	}
}

// Args makes catalogue arguments of a template's pairs: "name", value, "name", value.
func Args(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("arguments come in pairs, got %d values", len(pairs))
	}
	args := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("the name of an argument is a text, got %v", pairs[i])
		}
		args[name] = pairs[i+1]
	}
	return args, nil
}

// icon draws an icon of the sprite. It is decoration: the word beside it, or an aria-label, carries the meaning, so a
// name that is only known at run time and has no icon draws nothing; one that stands in a template stops the start.
func (r *renderer) icon(name string) template.HTML {
	if !r.assets.HasIcon(name) {
		return ""
	}
	class := "icon"
	if name == "mark" || name == "rosette" {
		class = "icon-mark"
	}
	//nolint:gosec // the name is one of the sprite's ids, the URL is made by package static
	return template.HTML(`<svg class="` + class + `" aria-hidden="true"><use href="` + r.assets.URL("icons.svg") + `#` + name + `"></use></svg>`)
}

// yuan writes an amount where no table head names the unit: ¥400.00.
func yuan(f money.Fen) string {
	if f < 0 {
		return "-¥" + (-f).Grouped()
	}
	return "¥" + f.Grouped()
}

// stamp writes a time of the database in Beijing; the zero time is a dash.
func stamp(t time.Time, layout string) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(beijing).Format(layout)
}

func dateTime(t time.Time) string { return stamp(t, time.DateTime) }

// Span writes remaining or passed time in words, never as 01:12, which reads two ways.
func Span(lang string, d time.Duration) string {
	sec, min, hour, day := "%d 秒", "%d 分", "%d 时 %02d 分", "%d 天 %d 时"
	if lang == "en" {
		sec, min, hour, day = "%d s", "%d min", "%d h %02d min", "%d d %d h"
	}
	if d < 0 {
		d = -d
	}
	switch s := int(d.Seconds()); {
	case s < 60:
		return fmt.Sprintf(sec, s)
	case s < 3600:
		return fmt.Sprintf(min, s/60)
	case s < 24*3600:
		return fmt.Sprintf(hour, s/3600, s%3600/60)
	default:
		return fmt.Sprintf(day, s/(24*3600), s%(24*3600)/3600)
	}
}

// digest shortens a digest or a serial number to its ends.
func digest(s string) string {
	if len(s) <= 12 {
		return s
	}
	return s[:4] + "…" + s[len(s)-4:]
}

// groups sets a long number in fours from the left, as it stands on the medium: 3888 0102 2214 07.
func groups(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// number sets thousands separators.
func number(n int) string {
	s := strconv.Itoa(n)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func orDash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}
