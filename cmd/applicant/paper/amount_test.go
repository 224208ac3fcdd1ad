package paper

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUppercaseAmounts(t *testing.T) {
	t.Parallel()
	for fen, want := range map[int64]string{
		0:               "零元整",
		12300:           "壹佰贰拾叁元整",
		72050:           "柒佰贰拾元伍角整",
		100005:          "壹仟元零伍分",
		1050000:         "壹万零伍佰元整",
		1_000_001_00:    "壹佰万零壹元整",
		10_0000_0001_00: "壹拾亿零壹元整",
		1234_5678_90:    "壹仟贰佰叁拾肆万伍仟陆佰柒拾捌元玖角整",
		20_0000_00:      "贰拾万元整",
		28_000_12:       "贰万捌仟元壹角贰分",
		5000_0000_00:    "伍仟万元整",
		1_0000_1000_00:  "壹亿零壹仟元整",
	} {
		require.Equal(t, want, uppercaseFen(fen), "%d fen", fen)
	}
	require.Equal(t, "¥1,234,567.08", yuan(123456708))
	require.Equal(t, "¥280.00", yuan(28000))
	require.Equal(t, "-¥1,234.05", yuan(-123405))
	require.Equal(t, "（负数）贰佰捌拾元整", uppercaseFen(-28000))
}
