package intake

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"caconsole/admin/order"
	"caconsole/ui/page"
)

type description struct {
	Paths      map[string]map[string]operation `yaml:"paths"`
	Components struct {
		Schemas map[string]struct {
			Enum       []string `yaml:"enum"`
			Properties map[string]struct {
				Enum []string `yaml:"enum"`
			} `yaml:"properties"`
		} `yaml:"schemas"`
	} `yaml:"components"`
}

type operation struct {
	Security   []map[string][]string `yaml:"security"`
	Parameters []struct {
		Ref string `yaml:"$ref"`
	} `yaml:"parameters"`
}

func readOpenAPI(t *testing.T) description {
	t.Helper()
	var d description
	require.NoError(t, yaml.Unmarshal(openAPI, &d))
	return d
}

// TestOpenAPIListsEveryRoute: the same calls on both sides, each with what it demands of the caller.
func TestOpenAPIListsEveryRoute(t *testing.T) {
	d := readOpenAPI(t)
	var described, served []string
	for path, operations := range d.Paths {
		for method, op := range operations {
			line := strings.ToUpper(method) + " " + path
			if len(op.Security) > 0 && op.Security[0]["applicant"] != nil {
				line += " applicant"
			}
			described = append(described, line)
		}
	}
	for _, r := range Routes() {
		parts := strings.Split(r.Path, "/")
		for i, p := range parts {
			if name, ok := strings.CutPrefix(p, ":"); ok {
				parts[i] = "{" + name + "}"
			}
		}
		line := r.Method + " " + strings.Join(parts, "/")
		if r.Permission == PermApplicant {
			line += " applicant"
		}
		served = append(served, line)
	}
	require.ElementsMatch(t, served, described)
}

// TestOpenAPIPublishesTheEnumerations: gates, stages and next as admin/order has them.
func TestOpenAPIPublishesTheEnumerations(t *testing.T) {
	s := readOpenAPI(t).Components.Schemas
	for _, g := range order.AllGates {
		want := make([]string, 0, 8)
		for _, state := range order.States(g) {
			want = append(want, string(state))
		}
		require.ElementsMatch(t, want, s["Gates"].Properties[string(g)].Enum, string(g))
	}
	stages := make([]string, 0, len(order.AllStages))
	for _, stage := range order.AllStages {
		stages = append(stages, string(stage))
	}
	require.Equal(t, stages, s["Stage"].Enum)
	require.Equal(t, constants(t, "Next"), s["Next"].Enum)
	require.Equal(t, constants(t, "Reason")[1:], s["Closed"].Enum, "all but open")
	codes := s["ProblemCode"].Enum
	require.True(t, slices.IsSorted(codes))
	texts, err := page.NewCatalogue()
	require.NoError(t, err)
	for _, code := range codes {
		require.True(t, texts.Has(code), "the code %s has no sentence", code)
	}
}

// constants are the values of a type of package order, as its source has them.
func constants(t *testing.T, name string) (values []string) {
	t.Helper()
	files, err := filepath.Glob("../../admin/order/*.go")
	require.NoError(t, err)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for node := range ast.Preorder(parsed) {
			spec, ok := node.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				continue
			}
			kind, named := spec.Type.(*ast.Ident)
			value, literal := spec.Values[0].(*ast.BasicLit)
			if named && literal && kind.Name == name {
				values = append(values, strings.Trim(value.Value, `"`))
			}
		}
	}
	return values
}
