package intake

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"caconsole/admin/order"
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
	require.True(t, slices.IsSorted(s["ProblemCode"].Enum))
}
