package intake

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
)

func TestDecodeRefusesWhatDoesNotFit(t *testing.T) {
	type inner struct {
		Phone string `json:"phone"`
	}
	type body struct {
		Serial string   `json:"serial"`
		Years  int      `json:"years"`
		Agent  inner    `json:"agent"`
		Codes  []string `json:"codes"`
	}
	var b body
	require.NoError(t, decode([]byte(`{"serial":"01","years":2,"agent":{"phone":"1"},"codes":["a"]}`), &b))
	require.Equal(t, body{"01", 2, inner{"1"}, []string{"a"}}, b)

	for in, want := range map[string][2]string{
		``:                             {"body_not_json", ""},
		`[]`:                           {"body_not_object", ""},
		`"x"`:                          {"body_not_object", ""},
		`null`:                         {"body_not_object", ""},
		`{`:                            {"body_not_json", ""},
		`{} {}`:                        {"body_not_json", ""},
		`{"serial":"1"}x`:              {"body_not_json", ""},
		`{"serial":1}`:                 {"wrong_type", "serial"},
		`{"years":"2"}`:                {"wrong_type", "years"},
		`{"years":1.5}`:                {"wrong_type", "years"},
		`{"agent":{"phone":13}}`:       {"wrong_type", "agent.phone"},
		`{"pin":"1234"}`:               {"unknown_field", "pin"},
		`{"years":1,"years":5}`:        {"repeated_field", "years"},
		`{"years":1,"YEARS":5}`:        {"repeated_field", "YEARS"},
		`{"agent":{"x":1,"x":2}}`:      {"repeated_field", "agent.x"},
		deep(maxDepth + 1):             {"body_too_deep", ""},
		deep(100_000):                  {"body_too_deep", ""},
		`{"codes":[{"a":1,"a":2}]}`:    {"repeated_field", "codes.a"},
		`{"serial":"` + "\x00" + `"}`:  {"body_not_json", ""},
		`{"serial":"01",}`:             {"body_not_json", ""},
		`{"serial":"01"/* comment */}`: {"body_not_json", ""},
	} {
		err := decode([]byte(in), &body{})
		f := fault.Of(err)
		require.Equal(t, fault.Invalid, f.Kind, "%.60s: %v", in, err)
		key, field := f.Key, ""
		if len(f.Fields) > 0 {
			key, field = f.Fields[0].Key, f.Fields[0].Name
		}
		require.Equal(t, want, [2]string{key, field}, "%.60s", in)
	}
}

func deep(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"serial":"1"}`, `{"a":[{"b":1}]}`, `{"a":1,"A":2}`, deep(12), "\xef\xbb\xbf{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var into map[string]any
		err := decode(body, &into)
		if err == nil {
			require.NotNil(t, into)
			return
		}
		require.Equal(t, fault.Invalid, fault.Of(err).Kind)
	})
}

// FuzzNewOrder: whatever comes as an order is read or refused as invalid, and what was read says no more than was sent.
func FuzzNewOrder(f *testing.F) {
	f.Add([]byte(`{"serial":"1","years":2,"agent":{"name":"张敏","phone":"13800138001"},"invoice":{"kind":"general","title":"x"}}`))
	f.Add([]byte(`{"years":1e400}`))
	f.Add([]byte(`{"agent":null,"organisation":{"id_kind":7}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var into newOrderBody
		if err := decode(body, &into); err != nil {
			require.Equal(t, fault.Invalid, fault.Of(err).Kind)
			return
		}
		for _, read := range []string{into.Serial, into.Agent.Name.Reveal(), into.Invoice.Title, into.Organisation.Name} {
			require.LessOrEqual(t, len(read), 3*len(body)) // one broken byte becomes the three of U+FFFD
			require.True(t, utf8.ValidString(read))
		}
	})
}

// FuzzCorrection: the same of what shall be put right.
func FuzzCorrection(f *testing.F) {
	f.Add([]byte(`{"years":3,"agent":{"phone":"13800138009"},"invoice":{"kind":"special"}}`))
	f.Add([]byte(`{"agent":{"phone":null},"legal_person":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var into correctionBody
		if err := decode(body, &into); err != nil {
			require.Equal(t, fault.Invalid, fault.Of(err).Kind)
			return
		}
		out := into.correction()
		require.Equal(t, into.Years, out.Years)
		require.Equal(t, into.Invoice != nil, out.Invoice != nil)
	})
}
