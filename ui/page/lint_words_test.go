package page

import (
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// Every rule of the lint, and every fault a profile can have, is said in words in both languages.
func TestLintRulesHaveSentences(t *testing.T) {
	c, err := newCatalogue()
	require.NoError(t, err)
	keys := []string{"certificate_lint", "profile_malformed"}
	for _, rule := range cert.LintRules() {
		keys = append(keys, "lint_"+rule)
	}
	for _, f := range fault.Of(cert.Profile{
		ID: "机构", Years: []int{9}, DN: []cert.DNPart{{Attribute: "X"}}, PolicyOID: "x", CRL: []string{"x", "x"},
		Identity: []cert.Extension{{OID: "2.5.29.1"}}, SignUsage: []string{"keyAgreement"},
	}.Check()).Fields {
		keys = append(keys, f.Key)
	}
	for _, lang := range Languages {
		for _, key := range keys {
			require.NotEqual(t, key, c.Text(lang, key, nil), lang)
		}
	}
}
