package intake_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// description is the OpenAPI document, as far as the tests hold it true. Its schemas are those of JSON Schema 2020-12,
// which OpenAPI 3.1 took over whole, and are checked by a validator of that.
type description struct {
	Info struct {
		Samples map[string]string `json:"x-samples"`
	} `json:"info"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Parameters map[string]parameter `json:"parameters"`
		Headers    map[string]header    `json:"headers"`
		Responses  map[string]response  `json:"responses"`
		Examples   map[string]example   `json:"examples"`
		Schemas    map[string]struct {
			Enum []string `json:"enum"`
		} `json:"schemas"`
	} `json:"components"`

	compiler *jsonschema.Compiler
	compile  sync.Mutex
}

type operation struct {
	Summary     string                `json:"summary"`
	Security    []map[string][]string `json:"security"`
	Parameters  []parameter           `json:"parameters"`
	RequestBody *struct {
		Content map[string]media `json:"content"`
	} `json:"requestBody"`
	Responses map[string]response   `json:"responses"`
	Calls     map[string]documented `json:"x-calls"`
}

type parameter struct {
	Ref     string `json:"$ref"`
	Name    string `json:"name"`
	In      string `json:"in"`
	Example string `json:"example"`
}

type header struct {
	Ref      string `json:"$ref"`
	Required bool   `json:"required"`
}

type response struct {
	Ref     string            `json:"$ref"`
	Headers map[string]header `json:"headers"`
	Content map[string]media  `json:"content"`
}

type media struct {
	Schema   json.RawMessage    `json:"schema"`
	Examples map[string]example `json:"examples"`
}

type example struct {
	Ref   string          `json:"$ref"`
	Value json.RawMessage `json:"value"`
}

// documented is a call that holds the document true.
type documented struct {
	Given   string            `json:"given"`
	Status  int               `json:"status"`
	Request string            `json:"request"`
	With    map[string]string `json:"with"`
}

const documentURL = "file:///openapi.json"

// theDescription reads the document once.
var theDescription = sync.OnceValues(func() (*description, error) {
	raw, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	var tree any
	if err := yaml.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	d := &description{compiler: jsonschema.NewCompiler()}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, err
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	nothingElse(whole)
	d.compiler.AssertFormat()
	return d, d.compiler.AddResource(documentURL, whole)
})

// nothingElse closes the objects of a document's schemas: what is not described must not be said, although clients have
// to bear with it.
func nothingElse(node any) {
	switch n := node.(type) {
	case map[string]any:
		_, described := n["properties"]
		_, open := n["additionalProperties"]
		if described && !open && n["type"] == "object" {
			n["additionalProperties"] = false
		}
		for _, v := range n {
			nothingElse(v)
		}
	case []any:
		for _, v := range n {
			nothingElse(v)
		}
	}
}

func readDescription(t testing.TB) *description {
	t.Helper()
	d, err := theDescription()
	require.NoError(t, err)
	return d
}

// last is the name a reference ends with.
func last(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }

func (d *description) parameter(p parameter) parameter {
	if p.Ref != "" {
		return d.Components.Parameters[last(p.Ref)]
	}
	return p
}

func (d *description) example(e example) example {
	if e.Ref != "" {
		return d.Components.Examples[last(e.Ref)]
	}
	return e
}

// schema compiles the schema at a pointer into the document.
func (d *description) schema(t testing.TB, pointer ...string) *jsonschema.Schema {
	t.Helper()
	at := documentURL + "#"
	for _, p := range pointer {
		at += "/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(p))
	}
	d.compile.Lock()
	defer d.compile.Unlock()
	s, err := d.compiler.Compile(at)
	require.NoError(t, err, at)
	return s
}

// operation finds what is called by a method and a path; false where the document has no such call.
func (d *description) operation(method, path string) (template string, op operation, found bool) {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(path, "/")
	for template, operations := range d.Paths {
		op, found := operations[strings.ToLower(method)]
		if found && fits(strings.Split(template, "/"), parts) {
			return template, op, true
		}
	}
	return "", operation{}, false
}

func fits(template, parts []string) bool {
	return slices.EqualFunc(template, parts, func(t, p string) bool { return t == p || strings.HasPrefix(t, "{") && p != "" })
}

// holds checks an answer against what the document says of its call: the status, the headers, the body.
func (d *description) holds(t testing.TB, method, path string, r reply) {
	t.Helper()
	template, op, found := d.operation(method, path)
	if !found {
		return // a path nobody serves
	}
	if r.status == http.StatusRequestEntityTooLarge { // of any call, as the head of the document says
		d.isProblem(t, r)
		return
	}
	status := strconv.Itoa(r.status)
	said, ok := op.Responses[status]
	if !ok {
		status = "default"
		said, ok = op.Responses[status]
		require.True(t, ok && r.status >= http.StatusBadRequest, "%s %s answers %d, which is not described: %s", method, template, r.status, r.body)
	}
	at := []string{"paths", template, strings.ToLower(method), "responses", status}
	if said.Ref != "" {
		at = strings.Split(strings.TrimPrefix(said.Ref, "#/"), "/")
		said = d.Components.Responses[last(said.Ref)]
	}
	for name, h := range said.Headers {
		if h.Ref != "" {
			h = d.Components.Headers[last(h.Ref)]
		}
		require.False(t, h.Required && r.header.Get(name) == "", "%s %s %d: no header %s", method, template, r.status, name)
	}
	if len(said.Content) == 0 {
		return
	}
	kind, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
	content, ok := said.Content[kind]
	require.True(t, ok, "%s %s %d: described as %s, is %s", method, template, r.status, slices.Collect(maps.Keys(said.Content)), kind)
	if len(content.Schema) == 0 {
		return
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(r.body))
	require.NoError(t, err)
	if kind == problemType {
		d.isProblem(t, r)
		return
	}
	require.NoError(t, d.schema(t, append(at, "content", kind, "schema")...).Validate(body), "%s %s %d: %s", method, template, r.status, r.body)
}

const problemType = "application/problem+json"

// isProblem requires a problem with a code that is described.
func (d *description) isProblem(t testing.TB, r reply) {
	t.Helper()
	require.Equal(t, problemType+"; charset=utf-8", r.header.Get("Content-Type"))
	require.Contains(t, d.Components.Schemas["ProblemCode"].Enum, r.text("code"), "the code is not described, and has no example")
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(r.body))
	require.NoError(t, err)
	require.NoError(t, d.schema(t, "components", "schemas", "Problem").Validate(body), "%s", r.body)
	require.EqualValues(t, r.status, r.json()["status"])
}
