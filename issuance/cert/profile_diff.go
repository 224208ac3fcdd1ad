package cert

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// Difference is one value in which two revisions of a profile differ. Path is as in the JSON, numbers counting list
// items from 0 ("identity.0.oid"); Old or New is "" where the value is missing on that side.
type Difference struct {
	Path string `json:"path"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

// Diff lists everything in which next differs from p, sorted by path: what a person who confirms a change must see.
// Nothing can change without appearing here, for it compares the canonical bytes that are signed.
func (p Profile) Diff(next Profile) []Difference {
	before, after := flatten(p.Canonical()), flatten(next.Canonical())
	paths := maps.Clone(before)
	maps.Copy(paths, after)
	var out []Difference
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if before[path] != after[path] {
			out = append(out, Difference{Path: path, Old: before[path], New: after[path]})
		}
	}
	return out
}

// flatten turns canonical JSON into path → value.
func flatten(raw []byte) map[string]string {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		panic("cert: canonical JSON does not parse: " + err.Error())
	}
	out := map[string]string{}
	walk(v, "", out)
	return out
}

func walk(v any, path string, out map[string]string) {
	under := func(name string) string {
		if path == "" {
			return name
		}
		return path + "." + name
	}
	switch v := v.(type) {
	case map[string]any:
		for name, item := range v {
			walk(item, under(name), out)
		}
	case []any:
		for i, item := range v {
			walk(item, under(strconv.Itoa(i)), out)
		}
	case string:
		out[path] = v
	case float64:
		out[path] = strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		out[path] = strconv.FormatBool(v)
	}
}
