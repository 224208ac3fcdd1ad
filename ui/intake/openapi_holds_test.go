package intake_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// TestOpenAPIHolds makes every call the document gives as an example, of the real app, and checks the answer: its status,
// headers and body against the schema, of a refusal the code too. A call added to the document is made without a change
// here, as long as its state of things is among the givens.
func TestOpenAPIHolds(t *testing.T) {
	d := readDescription(t)
	w := &world{hall: newHall(t), kept: map[string]facts{}}
	shown := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
			op := d.Paths[path][method]
			require.NotEmpty(t, op.Calls, "%s %s has no call that holds it true", method, path)
			for _, name := range slices.Sorted(maps.Keys(op.Calls)) {
				t.Run(method+path+"/"+name, func(t *testing.T) {
					d.try(t, w, strings.ToUpper(method), path, name)
				})
				if op.Calls[name].Status == 0 {
					shown[name] = true
				}
			}
		}
	}
	for _, code := range d.Components.Schemas["ProblemCode"].Enum {
		require.True(t, shown[code], "no call shows the code %s", code)
		require.Contains(t, d.Components.Examples, code, "the code has no example")
	}
}

// try makes one call in the state of things it asks for.
func (d *description) try(t *testing.T, w *world, method, path, name string) {
	t.Helper()
	op := d.Paths[path][strings.ToLower(method)]
	call := op.Calls[name]
	f := w.given(t, call.Given)
	request, headers := d.request(t, op, path, call, f)
	body := d.body(t, op, name, call, f)
	if body != nil && f.header["Content-Type"] == "" && call.With["Content-Type"] == "" {
		headers = append(headers, "Content-Type", contentType(op))
	}
	for k, v := range f.header {
		headers = append(headers, k, v)
	}
	if f.path != "" {
		request = f.path
	}
	c := f.client
	c.t, c.token = t, d.token(op, f)
	r := c.call(method, request, body, headers...) // which holds the answer against the document
	if call.Status != 0 {
		require.Equal(t, call.Status, r.status, "%s", r.body)
		d.sameNames(t, op, name, r)
		return
	}
	refusal := d.problem(t, name)
	require.Equal(t, refusal.Status, r.status, "%s", r.body)
	require.Equal(t, []string{name, refusal.Type, refusal.Title}, []string{r.text("code"), r.text("type"), r.text("title")}, "%s", r.body)
	if r.status == http.StatusTooManyRequests && name == "too_many_attempts" || r.status == http.StatusServiceUnavailable {
		require.NotEmpty(t, r.header.Get("Retry-After"))
	}
}

// token is what a caller of an operation shows.
func (d *description) token(op operation, f facts) string {
	switch {
	case len(op.Security) == 0:
		return ""
	case op.Security[0]["update"] != nil:
		return f.update
	}
	return f.client.token
}

type refusal struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
}

// problem is the example of a code.
func (d *description) problem(t *testing.T, code string) (p refusal) {
	t.Helper()
	e, ok := d.Components.Examples[code]
	require.True(t, ok, "no example of the problem %s", code)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Value))
	require.NoError(t, err)
	require.NoError(t, d.schema(t, "components", "schemas", "Problem").Validate(value))
	require.NoError(t, json.Unmarshal(e.Value, &p))
	require.Equal(t, code, p.Code)
	return p
}

// sameNames: what the example of an answer names, the answer has.
func (d *description) sameNames(t *testing.T, op operation, name string, r reply) {
	t.Helper()
	for _, said := range op.Responses {
		e, ok := said.Content["application/json"].Examples[name]
		if !ok {
			continue
		}
		var names map[string]any
		require.NoError(t, json.Unmarshal(d.example(e).Value, &names))
		for n := range names {
			require.Contains(t, r.json(), n)
		}
	}
}

// request is the path, with its query, and the headers of a call.
func (d *description) request(t *testing.T, op operation, path string, call documented, f facts) (at string, headers []string) {
	t.Helper()
	query := url.Values{}
	for _, p := range op.Parameters {
		p = d.parameter(p)
		value, given := call.With[p.Name]
		if !given {
			value = d.mine(p.Example, f)
		}
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(value))
		case p.In == "query" && given:
			query.Set(p.Name, value)
		case p.In == "header" && given:
			headers = append(headers, p.Name, value)
		}
	}
	require.NotContains(t, path, "{", "a parameter without example")
	for name, value := range call.With {
		if name == "Content-Type" || name == "Range" {
			headers = append(headers, name, value)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path, headers
}

// body is the example that is sent, with the samples of the document replaced by what there is.
func (d *description) body(t *testing.T, op operation, name string, call documented, f facts) any {
	t.Helper()
	if f.body != nil {
		return f.body
	}
	if op.RequestBody == nil {
		return nil
	}
	content := op.RequestBody.Content[contentType(op)]
	if contentType(op) == "image/jpeg" {
		return scan(t, 200)
	}
	wanted := name
	if call.Request != "" {
		wanted = call.Request
	}
	e, ok := content.Examples[wanted]
	if !ok {
		require.Empty(t, call.Request, "no such example")
		e = content.Examples[d.first(content)]
	}
	var text string
	if json.Unmarshal(e.Value, &text) == nil {
		return d.mine(text, f)
	}
	if call.Status != 0 {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Value))
		require.NoError(t, err)
		for _, operations := range []string{"post", "put", "patch"} {
			for path, ops := range d.Paths {
				if one, ok := ops[operations]; ok && one.Summary == op.Summary {
					at := d.schema(t, "paths", path, operations, "requestBody", "content", contentType(op), "schema")
					require.NoError(t, at.Validate(value), "the example is not what the schema says")
				}
			}
		}
	}
	return d.mine(string(e.Value), f)
}

// first is the example sent where none is asked for: the one that comes first in the calls that succeed.
func (d *description) first(m media) string {
	names := slices.Sorted(maps.Keys(m.Examples))
	i := slices.IndexFunc(names, func(n string) bool {
		_, refused := d.Components.Examples[n]
		return !refused
	})
	return names[max(i, 0)]
}

// mine replaces the document's samples by what there is.
func (d *description) mine(text string, f facts) string {
	for name, sample := range d.Info.Samples {
		if value, ok := f.value[name]; ok {
			text = strings.ReplaceAll(text, sample, value)
		}
	}
	return text
}

// contentType is what a body of an operation is.
func contentType(op operation) string {
	if op.RequestBody == nil {
		return "application/json"
	}
	kinds := slices.Sorted(maps.Keys(op.RequestBody.Content))
	if i := slices.Index(kinds, "image/jpeg"); i >= 0 {
		return kinds[i]
	}
	return kinds[0]
}
