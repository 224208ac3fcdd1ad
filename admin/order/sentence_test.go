package order

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// reasons are the ways an order closes.
var reasons = []Reason{ClosedUnpaid, ClosedRejected, ClosedWithdrawn, ClosedExpired, ClosedRevoked}

// steps are what can happen to an order next: every move of a single gate, and what use cases do with several at once.
// What is refused, by the state machine or by check, does not happen.
func steps(g Gates) []Gates {
	var out []Gates
	try := func(change func(*Gates) error) {
		next := g
		if change(&next) != nil {
			return
		}
		next.advance()
		if check(g, next) == nil {
			out = append(out, next)
		}
	}
	for _, gate := range AllGates {
		if gate == GatePayment {
			continue
		}
		for _, to := range moves[gate][g.Get(gate)] {
			try(func(n *Gates) error { *n.at(gate) = to; return nil })
		}
	}
	for _, to := range moves[GatePayment][g.Payment] {
		for _, method := range methods(g, to) {
			try(func(n *Gates) error {
				n.Payment, n.Method = to, method
				if to != Awaiting {
					n.Kept = 0
				}
				return nil
			})
		}
	}
	switch { // years are corrected: up, down again before the difference came; or its code has run out
	case g.Payment == Settled:
		try(func(n *Gates) error { n.Repriced(2, 1); return n.TouchContent() })
	case g.AwaitsDifference():
		try(func(n *Gates) error { n.Repriced(1, 1); return n.TouchContent() })
		try(func(n *Gates) error { n.Unchosen(); return nil })
	}
	for _, m := range methods(g, Awaiting) { // another way to pay
		if g.Payment == Awaiting {
			try(func(n *Gates) error { n.Method = m; return nil })
		}
	}
	for _, why := range reasons {
		try(func(n *Gates) error { return n.Close(why) })
	}
	try((*Gates).TouchContent)
	try(func(n *Gates) error { n.ForgetAgent(); return n.TouchContent() })
	try(func(n *Gates) error { n.Review, n.Documents = Returned, Returned; return nil })
	try(func(n *Gates) error { n.Review, n.Documents = Approved, Accepted; return nil })
	if g.AtExpiry() == Moves {
		try((*Gates).MoveToReviewed)
	}
	return out
}

// methods are those an order may have once its payment is in a state: the reviewed path alone takes transfers.
func methods(g Gates, to State) []Method {
	switch {
	case to == None:
		return []Method{NoMethod}
	case to != Awaiting:
		return []Method{g.Method}
	case g.Path == Online:
		return []Method{WeChat, Alipay}
	}
	return []Method{Transfer, WeChat, Alipay}
}

// essence forgets what no sentence can depend on any more, so that the states are few enough to visit them all: the
// version always, and which of several states it is that stands in nobody's way; once the order is closed all but money and invoice, the only gates that still move; once the signer has
// it all but issuance and delivery, for nothing else leads back.
func essence(g Gates) Gates {
	g.ContentVersion = 1
	if g.Payment != Awaiting { // how much was kept matters only while more is awaited
		g.Kept = 0
	}
	if g.Telecom != Mismatch {
		g.Telecom = None
	}
	if g.Authorisation == Void {
		g.Authorisation = None
	}
	signing := g.Issuance == Reserved || g.Issuance == Signed || g.Issuance == Recorded
	switch {
	case g.Closed != Open:
		g = Gates{Closed: g.Closed, Payment: g.Payment, Invoice: g.Invoice, Issuance: None, Consent: Given}
	case signing:
		g = Gates{
			Path: g.Path, Payment: g.Payment, Issuance: g.Issuance, Delivery: g.Delivery, Consent: Given, Authorisation: Authorised,
			Documents: Accepted, Identity: Passed, Telecom: None, Review: Approved, Method: g.Method, Invoice: g.Invoice, ContentVersion: 1,
		}
		switch g.Path {
		case Online:
			g.Review, g.Documents, g.Identity = None, Missing, None
		case ByHand:
			g.Review = None
		case Reviewed:
		}
	}
	if g.Closed == Open && g.Payment != Refunding {
		g.Invoice = None // followed again from every state when money goes back
	}
	return g
}

// reachable visits every state an order can be in.
func reachable() map[Gates]bool {
	seen := map[Gates]bool{}
	var queue []Gates
	visit := func(g Gates) {
		if e := essence(g); !seen[e] {
			seen[e] = true
			queue = append(queue, e)
		}
	}
	visit(NewGates(Online))
	visit(NewGates(Reviewed))
	visit(NewGates(ByHand))
	for len(queue) > 0 {
		g := queue[0]
		queue = queue[1:]
		for _, next := range steps(g) {
			if next.Payment == Refunding && g.Payment != Refunding {
				for _, invoice := range []State{Requested, Issued, Dispatched, RedLettered} {
					n := next
					n.Invoice = invoice
					visit(n)
				}
			}
			visit(next)
		}
	}
	return seen
}

// blocker says, in words of the test's own, what keeps an order in a state from going on and who must do what. It is
// written from PRODUCT's table of gates, not from the code of Sentence.
func blocker(g Gates) string {
	back := g.Invoice == Issued || g.Invoice == Dispatched
	switch {
	case g.Payment == Refunding && back:
		return "the invoice goes back first"
	case g.Payment == Refunding:
		return "the money is on its way back"
	case g.Closed != Open && g.Payment == Refunded:
		return "over, paid back: " + string(g.Closed)
	case g.Closed != Open:
		return "over: " + string(g.Closed)
	case g.Delivery == Confirmed:
		return "nothing: updated"
	case g.Issuance == Recorded && g.Delivery == Importing:
		return "driver: go on importing"
	case g.Issuance == Recorded:
		return "driver: fetch the pair"
	case g.Issuance == Reserved || g.Issuance == Signed:
		return "signer"
	case g.Consent != Given:
		return "consent withdrawn"
	case g.Review == Rejected:
		return "over: rejected"
	case g.Payment == Refunded:
		return "paid back"
	case g.Path == Online:
		return onlineBlocker(g)
	case g.Path == ByHand:
		return manualBlocker(g)
	}
	return reviewedBlocker(g)
}

func onlineBlocker(g Gates) string {
	switch {
	case g.Telecom == Mismatch:
		return "agent: real name"
	case g.Payment == Settled || g.Payment == Waived:
		if g.Issuance == Failed {
			return "holder: sign again"
		}
		return "holder: sign"
	case g.AwaitsDifference() && g.Method == NoMethod:
		return "payer: the difference at once"
	case g.AwaitsDifference():
		return "payer: the difference by " + string(g.Method)
	case g.Payment == Awaiting && g.Method != NoMethod:
		return "payer: " + string(g.Method)
	}
	return "payer: at once"
}

func manualBlocker(g Gates) string {
	switch {
	case g.Documents == Returned:
		return "first issuer: sent back"
	case g.Documents == Missing:
		return "first issuer: evidence"
	case g.Documents == Uploaded:
		return "first issuer: sign"
	case g.Telecom == Mismatch:
		return "agent: real name"
	case g.Identity != Passed:
		return "first issuer: identity"
	case g.Payment != Settled && g.Payment != Waived:
		return "payer of a manual order"
	case g.Issuance == Failed:
		return "signer refused a manual order"
	}
	return "second issuer"
}

func reviewedBlocker(g Gates) string {
	paid := g.Payment == Settled || g.Payment == Waived
	switch {
	case g.Documents == Returned && g.Review == Returned && g.AwaitsDifference():
		return "applicant: returned papers, and the difference"
	case g.Documents == Returned && g.Review == Returned && !paid:
		return "applicant: returned papers, and the money"
	case g.Documents == Returned && g.Review == Returned:
		return "applicant: returned papers"
	case g.Documents == Returned:
		return "applicant: papers once more"
	case g.Documents == Missing && paid:
		return "applicant: papers of a paid order"
	case g.Documents == Missing && g.AwaitsDifference():
		return "applicant: papers, and the difference"
	case g.Documents == Missing:
		return "applicant: papers"
	case g.Telecom == Mismatch:
		return "agent: real name"
	case g.Identity != Passed:
		return "agent: identity " + string(g.Identity)
	case g.AwaitsDifference() && g.Method == NoMethod:
		return "payer: choose how to pay the difference"
	case g.AwaitsDifference():
		return "payer: the difference by " + string(g.Method)
	case g.Payment == Awaiting && g.Method != NoMethod:
		return "payer: " + string(g.Method)
	case !paid:
		return "payer: choose"
	case g.Review == Approved && g.Issuance == Failed:
		return "signer refused"
	case g.Review == Approved && g.Authorisation == Authorised:
		return "driver: bring a new key"
	case g.Review == Approved:
		return "issuer"
	case g.Review == Claimed:
		return "reviewer has it"
	}
	return "reviewers"
}

// Every state an order can get into, by whatever moves, has a sentence in both languages; two different blockers never
// share one, and no two sentences read the same.
func TestSentenceForEveryState(t *testing.T) {
	t.Parallel()
	states := reachable()
	require.Greater(t, len(states), 5_000, "the walk went through")
	means := map[string]string{} // sentence → blocker
	said := map[Sentence]Gates{}
	blockers := map[string]bool{}
	for g := range states {
		s, b := g.Sentence(), blocker(g)
		said[s] = g
		blockers[b] = true
		if known, ok := means[s.Now]; ok && known != b {
			t.Errorf("%s is said of %q and of %q, now of %+v", s.Now, known, b, g)
			return
		}
		means[s.Now] = b
	}
	stages := map[Stage]bool{}
	for g := range states {
		stages[g.Stage()] = true
	}
	for _, stage := range AllStages {
		if stage != StageSecondReview { // no gate of its own yet
			require.True(t, stages[stage], "no order gets to %s", stage)
		}
	}
	t.Logf("%d states, %d sentences, %d blockers", len(states), len(means), len(blockers))
	for _, lang := range []string{"zh", "en"} {
		words := catalogue(t, lang)
		read := map[string]string{}
		for s, g := range said {
			for _, key := range []string{s.Now, s.Then} {
				require.NotEmpty(t, words[key], "%s of %+v", key, g)
				readsAloud(t, lang, key, words[key])
			}
			if other, ok := read[words[s.Now]]; ok {
				require.Equal(t, other, s.Now, "two sentences read %q", words[s.Now])
			}
			read[words[s.Now]] = s.Now
		}
	}
}

// catalogue reads the words of a language where the screens have them.
func catalogue(t *testing.T, lang string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("../../ui/page/locale/order." + lang + ".json")
	require.NoError(t, err)
	var words map[string]string
	require.NoError(t, json.Unmarshal(raw, &words))
	return words
}

// readsAloud holds a sentence to what a clerk can read out to a customer.
func readsAloud(t *testing.T, lang, key, text string) {
	t.Helper()
	if lang == "en" {
		require.True(t, strings.HasSuffix(text, "."), key)
		return
	}
	require.True(t, strings.HasSuffix(text, "。"), key)
	require.LessOrEqual(t, utf8.RuneCountInString(text), 60, "%s is too long to be read out", key)
	for _, no := range []string{"你", "！", "抱歉", "请注意", "系统", "状态", "{{"} {
		require.NotContains(t, text, no, key)
	}
}
