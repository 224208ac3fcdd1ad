package audit

import (
	"fmt"
	"maps"
	"slices"

	"caconsole/admin/actor"
	trail "caconsole/admin/audit"
	"caconsole/ui/page"
)

// record puts an entry into words. names has the staff by log-in.
func record(c *page.Ctx, r trail.Record, names map[string]string) Record {
	out := Record{Record: r, Status: page.Status{Tone: page.OK, Word: c.T("audit.outcome."+r.Outcome, nil)}, Who: r.Actor.Name}
	out.When = page.Beijing(r.At).Format("01-02 15:04:05.000")
	if r.Number > 0 {
		out.Nth = page.Count(int(r.Number), false)
	}
	switch r.Outcome {
	case trail.Refused:
		out.Status.Tone = page.Locked
	case trail.Failed:
		out.Status.Tone = page.Bad
	}
	if name := names[r.Actor.Name]; name != "" && r.Actor.Kind == actor.Staff {
		out.Who = name
	}
	out.Act = known(c, "audit.act."+r.Action)
	for _, key := range slices.Sorted(maps.Keys(r.Details)) {
		value := r.Details[key]
		if pair, ok := value.([]any); ok && len(pair) == 2 {
			out.Changes = append(out.Changes, Change{or(known(c, "gate."+key), key), state(c, key, pair[0]), state(c, key, pair[1])})
			continue
		}
		text := fmt.Sprint(value)
		if key == "stage" {
			text = or(known(c, "stage."+text), text)
		}
		out.Facts = append(out.Facts, Fact{or(known(c, "audit.detail."+key), key), text})
	}
	return out
}

// state is the word of a gate's state.
func state(c *page.Ctx, gate string, value any) string {
	text := fmt.Sprint(value)
	switch gate {
	case "method":
		return known(c, "method."+text)
	case "closed":
		return known(c, "closed."+text)
	}
	return or(known(c, "state."+gate+"."+text), text)
}

// known is the sentence of a key, "" where the catalogue has none.
func known(c *page.Ctx, key string) string {
	if text := c.T(key, nil); text != key {
		return text
	}
	return ""
}

func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}
