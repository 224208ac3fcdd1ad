package queue

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/board"
	"caconsole/admin/order"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

func TestLine(t *testing.T) {
	me, other := uuid.MustParse("01930000-0000-7000-8000-000000000217"), uuid.New()
	ran := 0
	s := pagetest.New(t, nil, func(r *page.Router) {
		r.Templates("queue", files)
		r.Get("/x", page.LoggedIn, func(c *page.Ctx) error {
			for _, x := range []struct {
				left  time.Duration
				stage order.Stage
				word  string
				tone  string
				tight bool
			}{
				{-time.Hour, order.StageReview, "超时 1 时 00 分", page.Bad, true},
				{9 * time.Minute, order.StageReview, "9 分", page.Warn, true},
				{29 * time.Minute, order.StageReview, "29 分", page.Warn, false},
				{31 * time.Minute, order.StageReview, "31 分", page.NotYet, false},
				{9 * time.Minute, order.StageReturned, "", "", false},
			} {
				due, until := pagetest.Now.Add(x.left), pagetest.Now.Add(13*time.Minute)
				l := line(c, board.OrderLine{Stage: x.stage, ReviewDueAt: &due, ClaimStaff: &me, ClaimUntil: &until})
				require.Equal(t, []any{x.word, x.tone, x.tight, true, "13 分"}, []any{l.Due.Word, l.Due.Tone, l.Tight, l.Mine, l.Left})
				ran++
			}
			require.False(t, line(c, board.OrderLine{ClaimStaff: &other}).Mine)
			require.Equal(t, page.Back, Status(c, board.OrderLine{Stage: order.StageReview, Rounds: 1}).Tone, "a resubmission says so")
			return c.Redirect("/", "")
		})
	})
	require.Equal(t, 303, s.Get("/x").Status)
	require.Equal(t, 5, ran)
}
