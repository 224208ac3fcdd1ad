package form_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"caconsole/admin/document/form"
	"caconsole/admin/fault"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var version = form.Version{OrderNo: "R26112200317", Number: 2, At: time.Date(2026, 11, 21, 23, 42, 0, 0, time.UTC)}

func fields() form.Fields {
	return form.Fields{
		Authority: "（样例）电子认证服务有限公司", Project: "中广核项目", CertType: "机构证书", Years: 2,
		Holder: "深圳市启衡核电工程有限公司", OrgIDKind: "统一社会信用代码", OrgIDNumber: "91440300MA5F7K2Q4T",
		LegalName: "李建国", LegalIDNumber: "440301196801010613", AgentName: "周敏", AgentIDNumber: "440301199001010026",
		AgentPhone: "13800005678", AgentEmail: "zhoumin@qiheng-eng.example", MediumNo: "3888010222140701",
		Serial: "5E2109C477A03B18", NotAfter: "2026-11-15", InvoiceTitle: "深圳市启衡核电工程有限公司",
		Agreements: []string{"电子认证服务协议", "个人信息保护政策", "个人信息授权书", "敏感个人信息授权书"},
	}
}

func TestRenderedText(t *testing.T) {
	t.Parallel()
	long := fields()
	long.Holder = strings.Repeat("深圳市（南山区）启衡核电工程有限公司、", 10)[:3*190]
	long.InvoiceTitle, long.Project, long.LegalIDNumber = long.Holder, long.Holder, ""
	long.Serial = strings.Repeat("5E2109C477A03B18", 4)
	long.AgentName = "𬸚𫠜·买买提"
	for name, f := range map[string]form.Fields{"standard": fields(), "long": long} {
		pdf, err := form.Render(f, version)
		require.NoError(t, err)
		again, err := form.Render(f, version)
		require.NoError(t, err)
		require.True(t, bytes.Equal(pdf, again), "the same bytes each time")
		require.Less(t, len(pdf), 400<<10, "the font is embedded as a subset")

		got := pdftotext(t, pdf)
		golden := filepath.Join("testdata", name+".txt")
		if *update {
			require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(os.TempDir(), "form-"+name+".pdf"), pdf, 0o600))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(string(want), got), name)
		for _, secret := range []string{f.AgentIDNumber, f.AgentPhone, f.AgentEmail, "440301196801010613"} {
			require.NotContains(t, got, secret)
		}
	}
}

func TestMissingGlyphIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, char, code string }{{"张𠮷", "𠮷", "U+20BB7"}, {"张\u202e敏", "\u202e", "U+202E"}, {"张\x00敏", "\x00", "U+0000"}} {
		f := fields()
		f.AgentName = c.name
		_, err := form.Render(f, version)
		require.Equal(t, err, form.Check(f, version), "what cannot be printed is not confirmed either")
		require.True(t, fault.HasKey(err, "form_glyph_missing"), "%v", err)
		require.Equal(t, fault.Args{"char": c.char, "code": c.code}, fault.Of(err).Args)
	}
}

func TestDigestCoversEveryField(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	add := func(what string, f form.Fields, no string) {
		d, err := f.Digest(no)
		require.NoError(t, err)
		require.Empty(t, seen[string(d)], what)
		seen[string(d)] = what
	}
	add("as it is", fields(), "R1")
	add("another order", fields(), "R2")
	for name, change := range map[string]func(*form.Fields){
		"years": func(f *form.Fields) { f.Years++ }, "holder": func(f *form.Fields) { f.Holder += "分公司" },
		"agent phone": func(f *form.Fields) { f.AgentPhone = "13800005679" }, "mail": func(f *form.Fields) { f.AgentEmail = "a@b.cn" },
		"agreements": func(f *form.Fields) { f.Agreements = f.Agreements[:3] }, "legal": func(f *form.Fields) { f.LegalName = "李建" },
	} {
		f := fields()
		change(&f)
		add(name, f, "R1")
	}
}

func pdftotext(t *testing.T, pdf []byte) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "pdftotext", "-layout", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}
