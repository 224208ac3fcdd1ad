package history

import (
	"container/heap"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/calendar"
	"caconsole/admin/review"
)

func TestFatesAreDealtOutOverAllStages(t *testing.T) {
	t.Parallel()
	total := 0
	for _, s := range shares {
		total += s.n
		require.Contains(t, ends, s.fate)
	}
	require.Equal(t, FullDemo, total)
	require.Empty(t, fates(0))
	for _, n := range []int{6, 22, FullDemo, 3 * FullDemo} {
		require.Len(t, fates(n), n)
		require.Len(t, Cases(n, time.Date(2026, 11, 20, 7, 0, 0, 0, time.UTC)), n)
	}
	seen := map[fate]int{}
	for _, f := range fates(FullDemo) {
		seen[f]++
	}
	for _, s := range shares {
		require.Equal(t, s.n, seen[s.fate], s.fate)
	}
}

func TestWorkBefore(t *testing.T) {
	t.Parallel()
	at := func(day, hour, minute int) time.Time {
		return time.Date(2026, 11, day, hour, minute, 0, 0, calendar.Beijing)
	}
	for name, c := range map[string]struct {
		now  time.Time
		d    time.Duration
		want time.Time
	}{
		"the same day":                  {at(20, 15, 0), time.Hour, at(20, 14, 0)},
		"the evening counts from 18":    {at(20, 22, 0), time.Hour, at(20, 17, 0)},
		"the night counts from 18":      {at(20, 3, 0), time.Hour, at(19, 17, 0)},
		"over a night":                  {at(20, 10, 0), 3 * time.Hour, at(19, 16, 0)},
		"over a weekend":                {at(23, 9, 30), time.Hour, at(20, 17, 30)},
		"on a Sunday":                   {at(22, 12, 0), 36 * time.Minute, at(20, 17, 24)},
		"sixty hours are some 7 days":   {at(20, 15, 0), 60 * time.Hour, at(11, 9, 0).Add(time.Hour * 9)},
		"nothing before the first bell": {at(20, 9, 0), time.Minute, at(19, 17, 59)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.True(t, c.want.Equal(workBefore(c.now, c.d)), "got %s", workBefore(c.now, c.d).In(calendar.Beijing))
		})
	}
}

// TestDeskKeepsTogetherWhatBelongsTogether: whenever a demo is started, no night falls between a claim and its verdict, or
// between a signer that goes away and the issuer who notices.
func TestDeskKeepsTogetherWhatBelongsTogether(t *testing.T) {
	t.Parallel()
	desk := []fate{resent, doneAgain, returned, rejected, doneByHand, approved, unsigned, issued, done}
	for present := time.Date(2026, 11, 20, 0, 0, 0, 0, calendar.Beijing); present.Day() < 28; present = present.Add(7 * time.Minute) {
		for _, f := range desk {
			for nth := range 12 {
				w := &world{Options: Options{Present: present}}
				s := &story{w: w, fate: f, nth: nth}
				s.planDesk(f.paidAt(nth), time.Duration(nth)*5*time.Minute)
				var claimed, out time.Time
				for len(w.agenda) > 0 {
					e, _ := heap.Pop(&w.agenda).(*event)
					switch what, _, _ := strings.Cut(e.what, " "); what {
					case "claim":
						claimed = e.at
					case "verdict":
						require.Less(t, e.at.Sub(claimed), review.Lease, "%s at %s", f, present)
						require.False(t, e.at.After(present), "%s at %s", f, present)
					case "signer":
						out = e.at
					case "issuer":
						require.Less(t, e.at.Sub(out), 25*time.Minute, "%s at %s", f, present)
					}
				}
			}
		}
	}
}
