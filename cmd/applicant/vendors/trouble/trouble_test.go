package trouble_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/vendors/trouble"
)

func TestOrdersHitTheirCallAndEnd(t *testing.T) {
	t.Parallel()
	var l trouble.List
	require.Error(t, l.Add(trouble.Trouble{Call: "SendSms", Kind: "earthquake"}))
	require.NoError(t, l.Add(trouble.Trouble{Call: "SendSms", Kind: trouble.Down, Times: 2}))
	require.NoError(t, l.Add(trouble.Trouble{Call: "DetectAuth", Kind: trouble.Refuse, Code: "InternalError"}))

	worked, refused := 0, ""
	run := func(call string) int {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		l.Around(call, w, r, func(code string) { refused = code }, func(http.ResponseWriter) { worked++ })
		return w.Code
	}
	require.Equal(t, 503, run("SendSms"))
	require.Equal(t, 503, run("SendSms"))
	require.Equal(t, 200, run("SendSms"))
	require.Equal(t, 1, worked)
	run("DetectAuth")
	require.Equal(t, "InternalError", refused)
}

func TestLostAnswerWasWorkedOn(t *testing.T) {
	t.Parallel()
	var l trouble.List
	require.NoError(t, l.Add(trouble.Trouble{Call: "x", Kind: trouble.Lost}))
	var done atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.Around("x", w, r, nil, func(w http.ResponseWriter) { done.Store(true); w.WriteHeader(200) })
	}))
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err == nil {
		_ = resp.Body.Close()
	}
	require.Error(t, err)
	require.True(t, done.Load())
}
