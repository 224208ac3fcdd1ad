package cert_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

func TestParseSerialForgivesHowPeopleTypeIt(t *testing.T) {
	const hex = "4b1f00c2a9d37e5511f8a06b7c2d9e0f13579bdf"
	dec := cert.Serial(hex).Int().String()
	for name, in := range map[string]string{
		"plain":      hex,
		"upper":      strings.ToUpper(hex),
		"0x":         "0x" + hex,
		"colons":     "4B:1F:00:C2:A9:D3:7E:55:11:F8:A0:6B:7C:2D:9E:0F:13:57:9B:DF",
		"spaces":     " 4b1f00c2 a9d37e55 11f8a06b 7c2d9e0f 13579bdf\n",
		"full width": "４Ｂ１Ｆ００Ｃ２Ａ９Ｄ３７Ｅ５５１１Ｆ８Ａ０６Ｂ７Ｃ２Ｄ９Ｅ０Ｆ１３５７９ＢＤＦ",
		"decimal":    dec,
		"zeroes":     "0000" + hex,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := cert.ParseSerial(in)
			require.NoError(t, err)
			require.Contains(t, got, cert.Serial(hex))
		})
	}
}

func TestParseSerialReadsShortDigitsBothWays(t *testing.T) {
	got, err := cert.ParseSerial("1234567890")
	require.NoError(t, err)
	require.Equal(t, []cert.Serial{"1234567890", "499602d2"}, got)
}

func TestParseSerialRefuses(t *testing.T) {
	for _, in := range []string{"", "  ", "0", "000", "xyz", "12 34 zz", "-", "0x", "1_000", "+12", strings.Repeat("f", 41), strings.Repeat("9", 60), strings.Repeat(" ", 200) + "1"} {
		_, err := cert.ParseSerial(in)
		require.True(t, fault.Is(err, fault.Invalid), "%q", in)
	}
}

func TestNewSerialIsPositiveAndTwentyOctets(t *testing.T) {
	seen := map[cert.Serial]bool{}
	for range 1000 {
		s, err := cert.NewSerial(rand.Reader)
		require.NoError(t, err)
		require.Len(t, string(s), 40)
		require.Equal(t, 1, s.Int().Sign())
		require.LessOrEqual(t, s.Int().BitLen(), 159)
		require.False(t, seen[s])
		seen[s] = true
	}
}

func FuzzParseSerial(f *testing.F) {
	f.Add("4b1f00c2")
	f.Add("１２３４")
	f.Add("0x00ff")
	f.Fuzz(func(t *testing.T, in string) {
		got, err := cert.ParseSerial(in)
		if err != nil {
			return
		}
		for _, s := range got {
			require.Equal(t, s, cert.SerialFromInt(s.Int()), "not canonical")
			again, err := cert.ParseSerial(string(s))
			require.NoError(t, err)
			require.Equal(t, s, again[0])
		}
	})
}
