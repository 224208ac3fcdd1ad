package page

import (
	"caconsole/admin/order"
)

// OrderGates turns an order's gates into those of the strip.
func OrderGates(g order.Gates) Gates {
	return Gates{
		Reviewed: g.Path == order.Reviewed, ByHand: g.Path == order.ByHand, Consent: string(g.Consent), Documents: string(g.Documents),
		Identity: string(g.Identity), Payment: string(g.Payment), Review: string(g.Review),
		Authorisation: string(g.Authorisation), Issuance: string(g.Issuance), Delivery: string(g.Delivery), Invoice: string(g.Invoice),
	}
}

// EventStep turns one step of an order's course into a line of {{template "steps"}}.
func EventStep(c *Ctx, e order.Event) Step {
	s := Step{When: stamp(e.At, "01-02 15:04")}
	gate, to := string(e.Move.Gate), string(e.Move.To)
	switch gate {
	case "method":
		s.Status = Status{Tone: OK, Word: c.T("gate.method", nil) + " " + c.T("method."+to, nil)}
		return s
	case "path":
		s.Status = Status{Tone: Warn, Word: c.T("gate.path", nil) + " " + c.T("path."+to, nil)}
		return s
	case "closed":
		s.Status = Status{Tone: Closed, Word: c.T("stage.closed", nil) + " " + c.T("closed."+to, nil)}
		return s
	}
	tone, ok := gateTones[gate][to]
	if !ok {
		tone = NotYet
	}
	s.Status = Status{Tone: tone, Word: c.T("gate."+gate, nil) + " " + c.T("state."+gate+"."+to, nil)}
	return s
}
