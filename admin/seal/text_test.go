package seal_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/seal"
)

func TestMasks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{seal.MaskName("张敏"), "张**"},
		{seal.MaskName("阿卜杜拉·买买提"), "阿**"},
		{seal.MaskName(""), ""},
		{seal.MaskIDNumber("440301199001010026"), "440***********0026"},
		{seal.MaskIDNumber("1234567890"), "**********"},
		{seal.MaskPhone("13800005678"), "138****5678"},
		{seal.MaskPhone("110"), "***"},
		{seal.MaskEmail("zhangmin@example.cn"), "z***@example.cn"},
		{seal.MaskEmail("@example.cn"), "***********"},
		{seal.MaskEmail("broken"), "******"},
		{seal.MaskAccount("6222021234567890"), "****7890"},
		{seal.MaskAccount("123456"), "****"},
		{seal.MaskAccount(""), ""},
	} {
		require.Equal(t, c.want, c.got)
	}
}

func TestNormalised(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{seal.NormPhone(" +86 138 0000-5678 "), "13800005678"},
		{seal.NormPhone("008613800005678"), "13800005678"},
		{seal.NormPhone("8613800005678"), "13800005678"},
		{seal.NormPhone("86123"), "86123"},
		{seal.NormIDNumber("４４０３０１ 19900101 002x"), "44030119900101002X"},
		{seal.NormIDNumber("12345678-9"), "123456789"},
		{seal.NormEmail(" Zhang@Example.CN "), "zhang@example.cn"},
		{seal.NormName("阿卜杜拉 • 买买提"), "阿卜杜拉·买买提"},
		{seal.NormCompany("深圳（南山） 核电\u200b有限公司"), "深圳(南山)核电有限公司"},
		{seal.NormCompany("深圳【南山】核电有限公司"), "深圳(南山)核电有限公司"},
		{seal.NormCompany("ｃｇｎ核电"), "CGN核电"},
	} {
		require.Equal(t, c.want, c.got)
	}
}

func TestSecretDoesNotPrint(t *testing.T) {
	t.Parallel()
	const phone = "13800005678"
	type form struct {
		Phone seal.Secret `json:"phone"`
	}
	f := form{Phone: phone}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("login", "phone", f.Phone, "form", f)
	body, err := json.Marshal(f)
	require.NoError(t, err)
	for _, out := range []string{
		fmt.Sprint(f), fmt.Sprintf("%v %+v %#v %s %q %x %d", f, f, f, f.Phone, f.Phone, f.Phone, f.Phone), log.String(), string(body),
	} {
		require.NotContains(t, out, phone)
		require.NotContains(t, out, "3133383030") // hex
		require.Contains(t, out, "***")
	}
	require.NoError(t, json.Unmarshal([]byte(`{"phone":"13800005678"}`), &f))
	require.Equal(t, phone, f.Phone.Reveal())
	_, err = f.Phone.Value()
	require.Error(t, err)
	require.Empty(t, seal.Secret("").String())
}
