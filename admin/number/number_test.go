package number_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/number"
)

func TestCreditCode(t *testing.T) {
	// Published codes: 国家电网, 腾讯, 中国广核集团.
	for in, want := range map[string]string{
		"9111000071093123XX":     "9111000071093123XX",
		"9144030071526726XG":     "9144030071526726XG",
		" 91440300 7152 6726xg ": "9144030071526726XG",
		"９１４４０３００７１５２６７２６ＸＧ": "9144030071526726XG",
		"9144030071526726XH":  "",
		"9144030071526762XG":  "", // neighbours swapped
		"9144030071526726X":   "",
		"9144030071526726XGG": "",
		"91440300715267260I":  "", // I is not of the alphabet
		"":                    "",
	} {
		got, ok := number.CreditCode(in)
		require.Equal(t, want, got, in)
		require.Equal(t, want != "", ok, in)
	}
	require.Equal(t, "71526726X", number.OrganisationPart("9144030071526726XG"))
	require.Empty(t, number.OrganisationPart("71526726X"))
}

func TestOrganisationCode(t *testing.T) {
	for in, want := range map[string]string{
		"71526726-X": "71526726X",
		"71526726x":  "71526726X",
		"710931230":  "",
		"71526726":   "",
		"组织机构代码":     "",
	} {
		got, ok := number.OrganisationCode(in)
		require.Equal(t, want, got, in)
		require.Equal(t, want != "", ok, in)
	}
}

func TestIDNumber(t *testing.T) {
	// The two examples of GB 11643-1999.
	for in, want := range map[string]string{
		"11010519491231002X":  "11010519491231002X",
		"11010519491231002x":  "11010519491231002X",
		"440524188001010014":  "", // the standard's second example: right check digit, born 1880
		"110105194912310021":  "",
		"11010519490231002X":  "", // 31 February
		"1101051949123100":    "",
		"11010519491231002XX": "",
		"１１０１０５１９４９１２３１００２Ｘ": "11010519491231002X",
	} {
		got, ok := number.IDNumber(in)
		require.Equal(t, want, got, in)
		require.Equal(t, want != "", ok, in)
	}
	check, ok := number.IDNumberCheck("44052418800101001")
	require.True(t, ok)
	require.Equal(t, byte('4'), check)
}

func TestMobile(t *testing.T) {
	for in, want := range map[string]string{
		"13800138000":       "13800138000",
		"+86 138-0013-8000": "13800138000",
		"8613800138000":     "13800138000",
		"１３８００１３８０００":       "13800138000",
		"12800138000":       "",
		"1380013800":        "",
		"075512345678":      "",
		"1380013800a":       "",
	} {
		got, ok := number.Mobile(in)
		require.Equal(t, want, got, in)
		require.Equal(t, want != "", ok, in)
	}
}

// FuzzRead: whatever is read is stable (reading it again gives the same) and plain ASCII.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"9144030071526726XG", "71526726-X", "11010519491231002X", "+8613800138000", "ǅ", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, read := range map[string]func(string) (string, bool){
			"credit": number.CreditCode, "organisation": number.OrganisationCode, "id": number.IDNumber, "mobile": number.Mobile,
		} {
			out, ok := read(s)
			if !ok {
				require.Empty(t, out, name)
				continue
			}
			again, ok := read(out)
			require.True(t, ok, name)
			require.Equal(t, out, again, name)
			for i := range len(out) {
				require.Less(t, out[i], byte(0x80), name)
			}
		}
	})
}
