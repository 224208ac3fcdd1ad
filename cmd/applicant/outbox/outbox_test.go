package outbox_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/outbox"
)

var at = time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)

func TestPutAndListByAge(t *testing.T) {
	t.Parallel()
	box, err := outbox.Open(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, box.Put(outbox.Message{Channel: outbox.Mail, To: "a@example.test", Subject: "发票", Text: "later", At: at.Add(time.Second)}))
	require.NoError(t, box.Put(outbox.Message{Channel: outbox.SMS, To: "13800138000", Template: "login_code", Text: "earlier", At: at}))

	all, err := box.List()
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "earlier", all[0].Text)
	require.Equal(t, "发票", all[1].Subject)
}

func TestManyWritersLoseNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var wg sync.WaitGroup
	for w := range 4 {
		box, err := outbox.Open(dir)
		require.NoError(t, err)
		for i := range 10 {
			wg.Go(func() {
				// The same instant on purpose: names must differ all the same.
				m := outbox.Message{Channel: outbox.SMS, Text: fmt.Sprint(w, i), At: at}
				if err := box.Put(m); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	box, err := outbox.Open(dir)
	require.NoError(t, err)
	all, err := box.List()
	require.NoError(t, err)
	require.Len(t, all, 40)
}

func TestWaitFindsTheNewestAndGivesUp(t *testing.T) {
	t.Parallel()
	box, err := outbox.Open(t.TempDir())
	require.NoError(t, err)
	for i := range 3 {
		require.NoError(t, box.Put(outbox.Message{Channel: outbox.SMS, Text: fmt.Sprint(i), At: at.Add(time.Duration(i) * time.Second)}))
	}
	m, err := box.Wait(t.Context(), func(outbox.Message) bool { return true })
	require.NoError(t, err)
	require.Equal(t, "2", m.Text)

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = box.Wait(ctx, func(outbox.Message) bool { return false })
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
