package page

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/money"
)

func TestCatalogueHasBothLanguages(t *testing.T) {
	c, err := newCatalogue()
	require.NoError(t, err)
	require.Empty(t, c.Gaps())
}

func TestCatalogueText(t *testing.T) {
	c, err := newCatalogue()
	require.NoError(t, err)
	require.Equal(t, "3 项需要改", c.Text("zh", "form.wrong", map[string]any{"count": 3}))
	require.Equal(t, "1 field to correct", c.Text("en", "form.wrong", map[string]any{"count": 1}))
	require.Equal(t, "3 fields to correct", c.Text("en", "form.wrong", map[string]any{"count": 3}))
	require.Equal(t, "no.such.key", c.Text("zh", "no.such.key", nil))
	args := plainArgs("zh", map[string]any{
		"fen": money.Fen(1234550), "at": time.Date(2026, 1, 1, 16, 0, 0, 0, time.UTC), "left": 65 * time.Minute,
	})
	require.Equal(t, map[string]any{"fen": "¥12,345.50", "at": "2026-01-02 00:00:00", "left": "1 时 05 分"}, args)
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 秒", 59 * time.Second: "59 秒", 8*time.Minute + 30*time.Second: "8 分", 65 * time.Minute: "1 时 05 分",
		26 * time.Hour: "1 天 2 时", -8 * time.Minute: "8 分",
	} {
		require.Equal(t, want, Span("zh", d))
	}
	require.Equal(t, "1 h 05 min", Span("en", 65*time.Minute))
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 482917: "482,917", -1000: "-1,000", -999: "-999"} {
		require.Equal(t, want, number(n))
	}
	require.Equal(t, "1,000+", Count(1000, true))
	require.Equal(t, "¥400.00", yuan(40000))
	require.Equal(t, "-¥0.01", yuan(-1))
	require.Equal(t, "3888 0102 2214 07", groups("38880102221407"))
	require.Equal(t, "9c41…e07a", digest("9c41aaaaaaaaaaaae07a"))
	require.Equal(t, "—", dateTime(time.Time{}))
	p := Pager{Page: 3, Size: 20, Shown: 7}
	require.Equal(t, []int{41, 47}, []int{p.From(), p.To()})
	p = Pager{Page: 1, Size: 20}
	require.Equal(t, []int{0, 0}, []int{p.From(), p.To()})
}

func TestStrip(t *testing.T) {
	marks := Gates{Reviewed: true, Consent: "given", Documents: "returned", Payment: "settled", Review: "approved", Authorisation: "authorised", Issuance: "reserved", Invoice: "dispatched"}.Strip()
	tones := map[string]string{}
	for _, m := range marks {
		tones[m.Gate] = m.Tone
	}
	require.Equal(t, map[string]string{
		"consent": OK, "documents": Back, "identity": NotYet, "payment": OK, "review": OK, "authorisation": OK,
		"issuance": Progress, "delivery": NotYet, "invoice": OK,
	}, tones)
	require.True(t, marks[len(marks)-1].Beside)
	require.Len(t, Gates{}.Strip(), 6, "the online path has no papers, identity or review")
}

// Every state the strip knows has its word.
func TestStripWords(t *testing.T) {
	c, err := newCatalogue()
	require.NoError(t, err)
	for gate, states := range gateTones {
		require.True(t, c.Has("gate."+gate), gate)
		for state := range states {
			require.True(t, c.Has("state."+gate+"."+state), gate+"."+state)
		}
	}
}
