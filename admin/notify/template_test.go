package notify_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/notify"
)

func TestCheckText(t *testing.T) {
	t.Parallel()
	for text, key := range map[string]string{
		"公章不清晰，请重新盖章后扫描上传": "",
		"第 3.2 项未填":              "",
		"见 http://a.example/x":   "sms_link",
		"请登录 WWW.szca.com 查看":    "sms_link",
		"发到 someone@example.com": "sms_link",
		strings.Repeat("章", 201): "sms_too_long",
		strings.Repeat("章", 200): "",
	} {
		err := notify.CheckText("reason", text)
		if key == "" {
			require.NoError(t, err, text)
			continue
		}
		require.Equal(t, key, fault.Of(err).Fields[0].Key, text)
	}
}

// Every template can be filled: each variable of the text has a value of its own, and none is without a use. The mail's
// text stands for both channels of an invoice.
func TestTemplatesAreWhole(t *testing.T) {
	t.Parallel()
	require.Len(t, notify.Templates, notify.SpecCount())
	for _, name := range notify.Templates {
		params, text := notify.Spec(name)
		require.NotEmpty(t, text, name)
		for _, p := range params {
			require.Contains(t, text, "{"+p+"}", "%s", name)
		}
		for _, word := range []string{"http", "www.", ".com", "！", "抱歉", "请注意"} {
			require.NotContains(t, text, word, "%s", name)
		}
	}
}
