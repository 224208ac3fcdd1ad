package number_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/number"
)

func TestCreditCode(t *testing.T) {
	t.Parallel()
	// Codes printed by their owners in annual reports; the last rows are one character off.
	for code, want := range map[string]bool{
		"91110000802100433B": true, // 百度在线网络技术(北京)有限公司
		"91330100799655058B": true, // 阿里巴巴(中国)有限公司
		"91440300708461136T": true, // 腾讯科技(深圳)有限公司
		"914403001922038216": true, // 华为技术有限公司
		"914403001922038217": false,
		"914403001922308216": false, // two neighbours swapped
		"91440300I922038216": false, // I is not in the alphabet
		"91440300192203821":  false,
		"":                   false,
	} {
		require.Equal(t, want, number.ValidCredit(code), code)
	}
}

func TestPersonNumber(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"11010519491231002X": true, // the examples of GB 11643-1999, annex A
		"440524188001010014": true,
		"440524188001010015": false,
		"11010519491231002x": false,
		"1101051949123100":   false,
	} {
		require.Equal(t, want, number.ValidPerson(id), id)
	}
}

func TestOrgCheck(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]byte{
		"D2143569": 'X', // the example of GB 11714-1997
		"19220382": '1', // inside 914403001922038216
		"80210043": '3',
	} {
		got, err := number.OrgCheck(body)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), body)
	}
}

func TestBuiltCreditCodesAreValid(t *testing.T) {
	t.Parallel()
	for serial := range uint32(3000) {
		code, err := number.CreditCode("440300", serial*331)
		require.NoError(t, err)
		require.True(t, number.ValidCredit(code), code)
	}
	_, err := number.CreditCode("44", 1)
	require.ErrorIs(t, err, number.ErrMalformed)
}
