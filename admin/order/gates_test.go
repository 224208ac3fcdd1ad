package order

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func ready() Gates {
	g := NewGates(Reviewed)
	g.Documents, g.Identity, g.Telecom, g.Payment, g.Method = Uploaded, Passed, Match, Settled, Transfer
	return g
}

func TestStageFromGates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set   func(*Gates)
		stage Stage
	}{
		"new":                        {func(g *Gates) { *g = NewGates(Reviewed) }, StagePapers},
		"papers in":                  {func(g *Gates) { g.Identity, g.Payment = None, None }, StageIdentity},
		"identity pending":           {func(g *Gates) { g.Identity, g.Payment = Pending, None }, StageIdentity},
		"telecom mismatch":           {func(g *Gates) { g.Telecom = Mismatch }, StageIdentity},
		"telecom unknown goes on":    {func(g *Gates) { g.Telecom, g.Review = Unknown, Queued }, StageReview},
		"nothing paid":               {func(g *Gates) { g.Payment, g.Method = None, NoMethod }, StagePayment},
		"transfer under way":         {func(g *Gates) { g.Payment = Awaiting }, StageTransfer},
		"queued":                     {func(g *Gates) { g.Review = Queued }, StageReview},
		"claimed":                    {func(g *Gates) { g.Review = Claimed }, StageReview},
		"sent back":                  {func(g *Gates) { g.Review, g.Documents = Returned, Returned }, StageReturned},
		"papers back, money gone":    {func(g *Gates) { g.Review, g.Payment = Returned, Awaiting }, StageTransfer},
		"approved":                   {func(g *Gates) { g.Review, g.Documents = Approved, Accepted }, StageToIssue},
		"approved, match undone":     {func(g *Gates) { g.Review, g.Documents, g.Payment = Approved, Accepted, Awaiting }, StageTransfer},
		"waits for a new key":        {func(g *Gates) { g.Review, g.Authorisation = Approved, Authorised }, StageUpdate},
		"at the signer":              {func(g *Gates) { g.Review, g.Issuance = Approved, Reserved }, StageIssuing},
		"signing failed":             {func(g *Gates) { g.Review, g.Documents, g.Issuance = Approved, Accepted, Failed }, StageToIssue},
		"issued":                     {func(g *Gates) { g.Issuance = Recorded }, StageUpdate},
		"imported":                   {func(g *Gates) { g.Issuance, g.Delivery = Recorded, Confirmed }, StageDone},
		"rejected, money on its way": {func(g *Gates) { g.Review, g.Closed, g.Payment = Rejected, ClosedRejected, Refunding }, StageRefunding},
		"rejected":                   {func(g *Gates) { g.Review, g.Closed, g.Payment = Rejected, ClosedRejected, Refunded }, StageClosed},
		"online unpaid":              {func(g *Gates) { *g = NewGates(Online) }, StagePayment},
		"online paid":                {func(g *Gates) { *g = NewGates(Online); g.Payment = Settled }, StageUpdate},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := ready()
			c.set(&g)
			require.Equal(t, c.stage, g.Stage())
		})
	}
}

func TestAdvanceIntoAndOutOfTheQueue(t *testing.T) {
	t.Parallel()
	g := ready()
	g.advance()
	require.Equal(t, Queued, g.Review)

	g.Payment = Awaiting
	g.advance()
	require.Equal(t, None, g.Review, "an undone match takes the order out of the queue")

	g = ready()
	g.Review, g.Documents = Returned, Returned
	g.advance()
	require.Equal(t, Returned, g.Review)
	g.Documents = Uploaded
	g.advance()
	require.Equal(t, Queued, g.Review, "a resubmission comes back by itself")
}

func TestChangedContentVoidsApproval(t *testing.T) {
	t.Parallel()
	g := ready()
	g.Review, g.Documents, g.Authorisation = Approved, Accepted, Authorised
	require.NoError(t, g.TouchContent())
	require.Equal(t, 2, g.ContentVersion)
	require.Equal(t, Queued, g.Review)
	require.Equal(t, Void, g.Authorisation)
	require.False(t, g.ReadyForIssue())

	g = ready()
	g.Issuance = Reserved
	require.Error(t, g.TouchContent())
}

func TestMovesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, to func(*Gates)
		key      string
	}{
		"unsettle while signing": {
			func(g *Gates) { g.Review, g.Authorisation, g.Issuance = Approved, Authorised, Reserved },
			func(g *Gates) { g.Payment = Awaiting }, "payment_locked",
		},
		"reserve without authorisation": {
			func(g *Gates) { g.Review, g.Documents = Approved, Accepted },
			func(g *Gates) { g.Issuance = Reserved }, "not_ready_for_issue",
		},
		"reserve unpaid": {
			func(g *Gates) {
				g.Review, g.Documents, g.Authorisation, g.Payment = Approved, Accepted, Authorised, Awaiting
			},
			func(g *Gates) { g.Issuance = Reserved }, "not_ready_for_issue",
		},
		"approve unpaid": {
			func(g *Gates) { g.Review, g.Payment = Claimed, Awaiting },
			func(g *Gates) { g.Review = Approved }, "not_ready_for_review",
		},
		"approve what nobody holds": {
			func(g *Gates) { g.Review = Queued },
			func(g *Gates) { g.Review = Approved }, "gate_move",
		},
		"reopen": {
			func(g *Gates) { g.Closed = ClosedUnpaid },
			func(g *Gates) { g.Closed = Open }, "order_closed",
		},
		"upload to a closed order": {
			func(g *Gates) { g.Closed, g.Documents = ClosedUnpaid, Missing },
			func(g *Gates) { g.Documents = Uploaded }, "order_closed",
		},
		"deliver the unissued": {
			func(*Gates) {}, func(g *Gates) { g.Delivery = Offered }, "not_issued",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := ready()
			c.from(&before)
			after := before
			c.to(&after)
			require.ErrorContains(t, check(before, after), c.key)
		})
	}
}

// Whatever sequence of allowed moves is made, nothing is ever reserved for signing while a needed gate is shut.
func TestNothingIsSignedThroughAShutGate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := NewGates(Reviewed)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			next := g
			gate := rapid.SampledFrom(AllGates).Draw(t, "gate")
			if to := moves[gate][g.Get(gate)]; len(to) > 0 {
				*next.at(gate) = rapid.SampledFrom(to).Draw(t, "to")
			}
			next.advance()
			if check(g, next) != nil {
				continue
			}
			if g.Issuance != Reserved && next.Issuance == Reserved && !next.ReadyForIssue() {
				t.Fatalf("reserved with %+v", next)
			}
			if next.Issuance == Reserved && next.Payment != Settled && next.Payment != Waived {
				t.Fatalf("money left while signing: %+v", next)
			}
			g = next
		}
	})
}

func TestOrderNumbersProveThemselves(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC) // 23 November in Beijing
	no := FormatNo(at, 31)
	require.Regexp(t, `^R26112300031\d$`, no)
	require.True(t, ValidNo(no))
	rapid.Check(t, func(t *rapid.T) {
		no := []byte(FormatNo(at, rapid.Int64Range(0, 1_000_000).Draw(t, "n")))
		i := rapid.IntRange(1, len(no)-1).Draw(t, "place")
		wrong := byte('0' + rapid.IntRange(0, 9).Draw(t, "digit"))
		changed := no[i] != wrong
		no[i] = wrong
		if ValidNo(string(no)) == changed {
			t.Fatalf("one wrong digit in %s was not seen", no)
		}
	})
	for _, bad := range []string{"", "R", "r261123000310", "R26112300031X", "R2611230003100", "13800138000"} {
		require.False(t, ValidNo(bad), bad)
	}
}

func TestSentenceNamesWhatBlocks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set func(*Gates)
		now string
	}{
		"in the queue":                    {func(g *Gates) { g.Review = Queued }, "sentence.review"},
		"paid, consent gone":              {func(g *Gates) { g.Consent = Withdrawn }, "sentence.consent_withdrawn"},
		"approved, consent gone":          {func(g *Gates) { g.Consent, g.Review, g.Documents = Withdrawn, Approved, Accepted }, "sentence.consent_withdrawn"},
		"issued, consent gone afterwards": {func(g *Gates) { g.Consent, g.Issuance = Withdrawn, Recorded }, "sentence.update"},
		"papers back":                     {func(g *Gates) { g.Review, g.Documents = Returned, Returned }, "sentence.returned"},
		"papers back, money gone":         {func(g *Gates) { g.Review, g.Documents, g.Payment = Returned, Returned, Awaiting }, "sentence.returned.unpaid"},
		"carriers disagree":               {func(g *Gates) { g.Telecom, g.Identity = Mismatch, Failed }, "sentence.identity.telecom_mismatch"},
		"face not alike":                  {func(g *Gates) { g.Identity = Failed }, "sentence.identity.failed"},
		"transfer under way":              {func(g *Gates) { g.Payment = Awaiting }, "sentence.transfer"},
		"the signer refused":              {func(g *Gates) { g.Review, g.Documents, g.Issuance = Approved, Accepted, Failed }, "sentence.to_issue.failed"},
		"rejected, money on its way":      {func(g *Gates) { g.Closed, g.Payment = ClosedRejected, Refunding }, "sentence.refunding"},
		"rejected, money back":            {func(g *Gates) { g.Closed, g.Payment = ClosedRejected, Refunded }, "sentence.closed.rejected.refunded"},
	} {
		g := ready()
		c.set(&g)
		require.Equal(t, c.now, g.Sentence().Now, name)
	}
}
