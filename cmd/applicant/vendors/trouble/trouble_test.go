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
		l.Around(trouble.SMS, call, w, r, func(code string) { refused = code }, func(http.ResponseWriter) { worked++ })
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
		l.Around(trouble.SMS, "x", w, r, nil, func(w http.ResponseWriter) { done.Store(true); w.WriteHeader(200) })
	}))
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err == nil {
		_ = resp.Body.Close()
	}
	require.Error(t, err)
	require.True(t, done.Load())
}

func TestFaultsStrikeTheirVendor(t *testing.T) {
	t.Parallel()
	var l trouble.List
	require.NoError(t, l.Order(trouble.Fault{Vendor: trouble.WeChat, Kind: trouble.ServerError, Times: 2}))
	require.NoError(t, l.Order(trouble.Fault{Vendor: trouble.WeChat, Kind: trouble.Duplicate}))
	run := func(vendor string) int {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		l.Around(vendor, "native", w, r, nil, func(http.ResponseWriter) {})
		return w.Code
	}
	require.Equal(t, []int{503, 200, 503, 200}, []int{run(trouble.WeChat), run(trouble.Alipay), run(trouble.WeChat), run(trouble.WeChat)})
	require.Len(t, l.Faults(), 1, "a notice's fault leaves calls alone")
	_, ok := l.Strike(trouble.WeChat, trouble.Duplicate)
	require.True(t, ok)
	require.Empty(t, l.Faults())
	require.Equal(t, map[string]map[string]int{trouble.WeChat: {trouble.ServerError: 2, trouble.Duplicate: 1}}, l.Struck())
	require.NoError(t, l.Order(trouble.Fault{Vendor: trouble.WeChat, Kind: trouble.ServerError}))
	l.Clear()
	require.Equal(t, 200, run(trouble.WeChat))
}

func TestFaultsAreTheSameForASeed(t *testing.T) {
	t.Parallel()
	draw := func(seed uint64, vendor string) (out []bool, hits int) {
		var l trouble.List
		l.Seed(seed)
		for _, text := range []string{"alipay:delay:0.02", "wechat:delay:0.02"} {
			f, err := trouble.ParseFault(text)
			require.NoError(t, err)
			require.NoError(t, l.Order(f))
		}
		for range 20_000 {
			_, ok := l.Strike(vendor, trouble.Delay)
			out = append(out, ok)
			if ok {
				hits++
			}
		}
		return out, hits
	}
	first, hits := draw(1, trouble.Alipay)
	require.InDelta(t, 400, hits, 80)
	again, _ := draw(1, trouble.Alipay)
	require.Equal(t, first, again)
	other, _ := draw(2, trouble.Alipay)
	require.NotEqual(t, first, other)
	other, _ = draw(1, trouble.WeChat)
	require.NotEqual(t, first, other)
}

func TestWrongFaultsAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "wechat:delay", "bank:delay:1", "wechat:flood:1", "wechat:delay:x", "wechat:delay:1.5", "wechat:delay:NaN", "wechat:delay:-1"} {
		_, err := trouble.ParseFault(text)
		require.ErrorIs(t, err, trouble.ErrFault, text)
	}
}
