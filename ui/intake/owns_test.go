package intake_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/ui/intake"
)

// On a shared port the staff's /invoices is not the public /inv.
func TestOwns(t *testing.T) {
	t.Parallel()
	for path, owns := range map[string]bool{
		"/api/v1/orders": true, "/inv": true, "/inv?code=A": true, "/healthz": true, "/readyz": true, "/crl/issuing.crl": true, "/ca/root.cer": true,
		"/invoices": false, "/invoices/1/resend": false, "/orders": false, "/": false, "/apis": false,
	} {
		require.Equal(t, owns, intake.Owns(path), path)
	}
}
