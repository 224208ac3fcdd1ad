package page

import (
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/order"
)

// everySentence walks all values of the gates that a sentence may depend on, possible together or not.
func everySentence() map[order.Sentence]bool {
	found := map[order.Sentence]bool{}
	closed := []order.Reason{
		order.Open, order.ClosedUnpaid, order.ClosedRejected, order.ClosedWithdrawn, order.ClosedExpired, order.ClosedRevoked,
	}
	var fill func(g order.Gates, rest []order.Gate)
	set := map[order.Gate]func(*order.Gates, order.State){
		order.GateConsent:   func(g *order.Gates, s order.State) { g.Consent = s },
		order.GateDocuments: func(g *order.Gates, s order.State) { g.Documents = s },
		order.GateIdentity:  func(g *order.Gates, s order.State) { g.Identity = s },
		order.GateTelecom:   func(g *order.Gates, s order.State) { g.Telecom = s },
		order.GatePayment:   func(g *order.Gates, s order.State) { g.Payment = s },
		order.GateReview:    func(g *order.Gates, s order.State) { g.Review = s },
		order.GateIssuance:  func(g *order.Gates, s order.State) { g.Issuance = s },
		order.GateDelivery:  func(g *order.Gates, s order.State) { g.Delivery = s },
		order.GateInvoice:   func(g *order.Gates, s order.State) { g.Invoice = s },
	}
	fill = func(g order.Gates, rest []order.Gate) {
		if len(rest) == 0 {
			found[g.Sentence()] = true
			return
		}
		for _, s := range order.States(rest[0]) {
			set[rest[0]](&g, s)
			fill(g, rest[1:])
		}
	}
	for _, path := range []order.Path{order.Online, order.Reviewed} {
		for _, method := range []order.Method{order.NoMethod, order.Transfer, order.WeChat, order.Alipay} {
			if path == order.Online && method == order.Transfer {
				continue // no such way to pay there
			}
			g := order.NewGates(path)
			g.Method = method
			fill(g, []order.Gate{order.GateConsent, order.GateDocuments, order.GateIdentity, order.GateTelecom, order.GatePayment, order.GateReview})
			fill(g, []order.Gate{order.GateConsent, order.GateDocuments, order.GatePayment, order.GateReview, order.GateIssuance, order.GateDelivery})
			for _, why := range closed {
				g.Closed = why
				fill(g, []order.Gate{order.GatePayment, order.GateReview, order.GateIssuance, order.GateInvoice})
			}
		}
	}
	return found
}

// Whatever state an order is in, its sentence stands in the catalogue, and two different blockers never read the same.
func TestEveryOrderHasItsSentence(t *testing.T) {
	c, err := newCatalogue()
	require.NoError(t, err)
	for _, lang := range Languages {
		read := map[string]string{}
		for s := range everySentence() {
			require.True(t, c.Has(s.Now), s.Now)
			require.True(t, c.Has(s.Then), s.Then)
			words := c.Text(lang, s.Now, nil)
			if other := read[words]; other != "" {
				require.Equal(t, other, s.Now, "both read %q", words)
			}
			read[words] = s.Now
		}
	}
}
