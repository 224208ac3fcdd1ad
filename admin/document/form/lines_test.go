package form

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// runes measures every character as one wide.
func runes(s string) (float64, error) { return float64(utf8.RuneCountInString(s)), nil }

func TestBreakLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		width float64
		want  []string
	}{
		{"", 5, []string{""}},
		{"深圳市", 5, []string{"深圳市"}},
		{"真实完整，有效", 4, []string{"真实完", "整，有效"}},
		{"同意《协议》后", 3, []string{"同意", "《协", "议》后"}},
		{"编号R2611后", 5, []string{"编号", "R2611", "后"}},
		{"A company name", 9, []string{"A company", "name"}},
		{"5E2109C477A0", 5, []string{"5E210", "9C477", "A0"}},
		{"一二三四五 六", 5, []string{"一二三四五", "六"}},
		{"好）））））", 3, []string{"好））", "）））"}},
	} {
		got, err := breakLines(c.text, c.width, runes)
		require.NoError(t, err)
		require.Equal(t, c.want, got, c.text)
	}
}

func FuzzBreakLines(f *testing.F) {
	f.Add("本单位承诺，已阅读并同意《电子认证服务协议》 and R2611。", 7)
	f.Fuzz(func(t *testing.T, text string, width int) {
		if width < 1 || width > 100 || !utf8.ValidString(text) {
			return
		}
		lines, err := breakLines(text, float64(width), runes)
		require.NoError(t, err)
		require.Equal(t, strings.ReplaceAll(text, " ", ""), strings.ReplaceAll(strings.Join(lines, ""), " ", ""), "nothing is lost")
		for _, line := range lines {
			require.LessOrEqual(t, utf8.RuneCountInString(line), width)
		}
	})
}
