package intake

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A browser applies the look only if the policy names exactly what stands in the page.
func TestPolicyNamesTheLook(t *testing.T) {
	t.Parallel()
	for _, p := range []*template.Template{invPage, returnPage} {
		var b bytes.Buffer
		require.NoError(t, p.Execute(&b, invView{}))
		_, rest, _ := strings.Cut(b.String(), "<style>")
		look, _, found := strings.Cut(rest, "</style>")
		require.True(t, found)
		digest := sha256.Sum256([]byte(look))
		require.Contains(t, policy, base64.StdEncoding.EncodeToString(digest[:]), p.Name())
	}
}
