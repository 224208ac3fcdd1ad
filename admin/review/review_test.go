package review_test

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"caconsole/admin/fault"
	"caconsole/admin/review"
)

func content() review.Content {
	return review.Content{
		Order: "R26112300001", Version: 3, Holder: "阳江市海陵湾检修服务有限公司", OrgKind: "credit_code", OrgNumber: "91441700MA4WB1111R",
		OldPair: "0193a0a0-0000-7000-8000-00000000aaaa", Serial: "1a2b", Years: 2, Form: "ff", Telecom: "match",
		Papers:   []review.Paper{{Kind: "application_form", SM3: "aa"}, {Kind: "business_licence", SM3: "bb"}},
		Identity: review.Identity{Attempt: "0193a0a0-0000-7000-8000-00000000bbbb", State: "passed", Score: "9500"},
		Consents: []review.Consent{{Code: "service", Version: 1}, {Code: "privacy", Version: 1}, {Code: "privacy", Version: 2}},
	}
}

// The digest is frozen: an approval of today must verify in ten years. OpenSSL gives the same for the canonical JSON.
func TestDigestIsFrozen(t *testing.T) {
	t.Parallel()
	digest, err := content().Digest()
	require.NoError(t, err)
	require.Equal(t, "c29fd0115b0cfe2874029177bd5ed043039b5e6b93fdeb0aec8ed03a739ffa71", hex.EncodeToString(digest))
}

func TestDigestKnowsNoOrder(t *testing.T) {
	t.Parallel()
	want, err := content().Digest()
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		c := content()
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		r.Shuffle(len(c.Papers), func(i, j int) { c.Papers[i], c.Papers[j] = c.Papers[j], c.Papers[i] })
		r.Shuffle(len(c.Consents), func(i, j int) { c.Consents[i], c.Consents[j] = c.Consents[j], c.Consents[i] })
		got, err := c.Digest()
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("another digest for the same content: %v", err)
		}
	})
}

func TestDigestBindsEveryField(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for name, change := range map[string]func(*review.Content){
		"nothing": func(*review.Content) {}, "order": func(c *review.Content) { c.Order += "1" }, "version": func(c *review.Content) { c.Version++ },
		"holder": func(c *review.Content) { c.Holder += "x" }, "kind": func(c *review.Content) { c.OrgKind = "other" }, "number": func(c *review.Content) { c.OrgNumber += "1" },
		"pair": func(c *review.Content) { c.OldPair = "" }, "serial": func(c *review.Content) { c.Serial = "1A2B" }, "years": func(c *review.Content) { c.Years++ },
		"form": func(c *review.Content) { c.Form = "fe" }, "paper": func(c *review.Content) { c.Papers[0].SM3 = "ab" },
		"paper's kind": func(c *review.Content) { c.Papers[0].Kind = "x" }, "no papers": func(c *review.Content) { c.Papers = []review.Paper{} },
		"try": func(c *review.Content) { c.Identity.Attempt = "" }, "state": func(c *review.Content) { c.Identity.State = "failed" },
		"score": func(c *review.Content) { c.Identity.Score = "9499" }, "telecom": func(c *review.Content) { c.Telecom = "unknown" },
		"consent": func(c *review.Content) { c.Consents[0].Version = 2 }, "consent gone": func(c *review.Content) { c.Consents = c.Consents[1:] },
	} {
		c := content()
		change(&c)
		digest, err := c.Digest()
		require.NoError(t, err)
		require.Len(t, digest, 32)
		require.Empty(t, seen[string(digest)], "%s and %s are one", name, seen[string(digest)])
		seen[string(digest)] = name
	}
}

func TestMissingChecks(t *testing.T) {
	t.Parallel()
	require.Equal(t, review.Checks, review.Missing(nil))
	require.Empty(t, review.Missing(append([]review.Check{"something_else"}, review.Checks...)))
	require.Equal(t, []review.Check{review.CheckPerson}, review.Missing(review.Checks[:len(review.Checks)-1]))
}

func TestItems(t *testing.T) {
	t.Parallel()
	for kind, reasons := range review.Reasons {
		for _, reason := range reasons {
			require.NoError(t, review.ValidItems([]review.Item{{Kind: kind, Reason: reason}}))
		}
	}
	for name, items := range map[string][]review.Item{
		"none": nil, "no such paper": {{Kind: "passport", Reason: "unreadable"}}, "no reason": {{Kind: "business_licence"}},
		"another paper's reason": {{Kind: "application_form", Reason: "licence_expired"}},
		"one of two":             {{Kind: "business_licence", Reason: "unreadable"}, {Kind: "business_licence", Reason: "x"}},
	} {
		require.True(t, fault.Is(review.ValidItems(items), fault.Invalid), name)
	}
}
