package desk

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/paper"
)

func TestOneTimeCode(t *testing.T) {
	t.Parallel()
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"} { // RFC 6238, appendix B, last six digits
		got, err := oneTimeCode(testSecret, time.Unix(at, 0))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := oneTimeCode("not base32!", time.Now())
	require.Error(t, err)
}

func TestRoster(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "staff.tsv")
	require.NoError(t, os.WriteFile(file, []byte("role\tlogin\tpassword\ttotp_secret\nreviewer\ta\tp\ts\nissuer\tb\tq\tt\nreview_lead\ta\tp\ts\n"), 0o600))
	got, err := ReadRoster(file)
	require.NoError(t, err)
	require.Equal(t, []Member{{"a", []string{"reviewer", "review_lead"}, "p", "s"}, {"b", []string{"issuer"}, "q", "t"}}, got)
	require.NoError(t, os.WriteFile(file, []byte("login\tpassword\n"), 0o600))
	_, err = ReadRoster(file)
	require.ErrorIs(t, err, ErrRoster)
	_, err = ReadRoster(file + "x")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// clock is a time that runs a hundred times as fast, so that codes and pauses cost nothing.
type clock struct{ began time.Time }

func (c clock) now() time.Time { return c.began.Add(100 * time.Since(c.began)) }

func options(o *office, roles ...string) Options {
	opt := Options{
		Base: o.URL, Roles: roles, Agent: o.whereAgent, Painter: must(painter()), UntilIdle: 40 * time.Second, Poll: 2 * time.Millisecond, Now: o.now, Log: slog.New(slog.DiscardHandler),
	}
	for _, role := range roles {
		opt.Staff = append(opt.Staff, Member{role + "1", []string{role}, testPassword, testSecret})
	}
	return opt
}

func must(p *paper.Painter, err error) *paper.Painter {
	if err != nil {
		panic(err) // install fonts-noto-cjk
	}
	return p
}

// testCompany is whom all cases are about.
const testCompany = "深圳市启衡核电工程有限公司"

// plain is a page without any ink, good one with the company's seal and a blue name where the form and the licence have
// them.
var plain, good = sheet(false), sheet(true)

func sheet(marked bool) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 800, 1132))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	if marked {
		draw.Draw(img, image.Rect(180, 660, 300, 690), image.NewUniform(color.NRGBA{22, 40, 120, 255}), image.Point{}, draw.Src)
		p := must(painter())
		for _, at := range []struct {
			mark
			x, y int // upper left corner
		}{{formStamp, 500, 720}, {licenceStamp, 150, 810}} {
			seal := p.Seal(testCompany, false, at.width*400)
			draw.DrawMask(img, seal.Bounds().Add(image.Pt(at.x, at.y)), image.NewUniform(color.NRGBA{200, 24, 30, 255}), image.Point{}, seal, image.Point{}, draw.Over)
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, nil); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func TestReviewersLookAtEverythingAndDecide(t *testing.T) {
	t.Parallel()
	o := newOffice(t, clock{time.Now()}.now)
	o.queue, o.pending = []string{"R1", "R2"}, 2
	o.papers["R1"] = map[string][]byte{formKind: good, licenceKind: good, "remittance_voucher": plain}
	o.papers["R2"] = map[string][]byte{formKind: good, licenceKind: plain, "remittance_voucher": plain}
	done, err := Run(t.Context(), options(o, "reviewer"))
	require.NoError(t, err)
	require.Equal(t, Tally{Approved: 1, Returned: 1}, done)
	require.Equal(t, []string{
		"approve R1 version=3 digest=d1 checks=stamp_clear,person",
		"return R2 version=3 digest=d1 items=business_licence:stamp_missing",
	}, o.decided)
	for _, seen := range []string{"/orders/R1/papers/application_form/", "/orders/R1/papers/application_form/2", "/orders/R1/papers/remittance_voucher/", "/orders/R1/faces/1/card"} {
		require.Contains(t, o.viewed, seen)
	}
}

func TestReviewerRejectsAndTypesTheNumber(t *testing.T) {
	t.Parallel()
	o := newOffice(t, clock{time.Now()}.now)
	o.queue = []string{"R261123000219"}
	o.papers["R261123000219"] = map[string][]byte{formKind: good, licenceKind: good}
	opt := options(o, "reviewer")
	opt.Reject = 1
	done, err := Run(t.Context(), opt)
	require.NoError(t, err)
	require.Equal(t, Tally{Rejected: 1}, done)
	require.Equal(t, []string{"reject R261123000219 version=3 digest=d1 typed=0219"}, o.decided)
}

func TestCaseLeftFromBeforeIsTakenUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t, clock{time.Now()}.now)
	o.held["R5"] = "reviewer1"
	o.papers["R5"] = map[string][]byte{formKind: good, licenceKind: good}
	o.used["reviewer1"] = map[string]bool{}
	for i := range 3 { // codes that an earlier run used up
		code, err := oneTimeCode(testSecret, o.now().Add(time.Duration(i-1)*codeStep))
		require.NoError(t, err)
		o.used["reviewer1"][code] = true
	}
	done, err := Run(t.Context(), options(o, "reviewer"))
	require.NoError(t, err)
	require.Equal(t, 1, done.Approved)
}

func TestIssuersFindTheOrderThatSpoilsABatch(t *testing.T) {
	t.Parallel()
	o := newOffice(t, clock{time.Now()}.now)
	o.toIssue, o.poisoned = []string{"R1", "R2", "R3", "R4"}, "R2"
	done, err := Run(t.Context(), options(o, "issuer"))
	require.NoError(t, err)
	require.Equal(t, 3, done.Issued)
	require.Equal(t, []string{"R2"}, o.toIssue)
	for _, batch := range o.issued {
		require.NotContains(t, batch, "R9", "what is barred is left alone")
	}
}

// Without an agent nobody approves or confirms; when it runs again the same case is taken up and the same order confirmed.
func TestDeskWaitsForItsUkeys(t *testing.T) {
	t.Parallel()
	o := newOffice(t, clock{time.Now()}.now)
	o.queue, o.unplugged = []string{"R1"}, 3
	o.papers["R1"] = map[string][]byte{formKind: good, licenceKind: good}
	done, err := Run(t.Context(), options(o, "reviewer", "issuer"))
	require.NoError(t, err)
	require.Equal(t, Tally{Approved: 1, Issued: 1}, done)
	require.Len(t, o.decided, 1)
}

// A Ukey that is not there signs for nobody.
func TestNobodySignsWithoutTheirUkey(t *testing.T) {
	t.Parallel()
	o := newOffice(t, clock{time.Now()}.now)
	o.toIssue = []string{"R1"}
	opt := options(o, "issuer")
	opt.Staff[0].Login = "issuer2"
	opt.UntilIdle = 10 * time.Second
	done, err := Run(t.Context(), opt)
	require.NoError(t, err)
	require.Zero(t, done.Issued)
	require.Equal(t, []string{"R1"}, o.toIssue)
}

func TestFinanceImportsEachFileOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, clock{time.Now()}.now)
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "deep"), 0o750))
	for name, body := range map[string]string{"deep/a.xlsx": "lines", "b.CSV": "nonsense", "sign.pem": "no statement", ".part-1.xlsx": "half", "empty.xlsx": ""} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600))
	}
	opt := options(o, "finance")
	opt.Statements = dir
	done, err := Run(t.Context(), opt)
	require.NoError(t, err)
	require.Equal(t, Tally{Imported: 1}, done)
	require.ElementsMatch(t, []string{"a.xlsx lines", "b.CSV nonsense"}, o.uploads)
	require.Equal(t, []string{"/statements/7/commit"}, o.committed)
}

func TestStatementOfAnothersProjectIsImportedByWhoMay(t *testing.T) {
	t.Parallel()
	o := newOffice(t, clock{time.Now()}.now)
	opt := options(o, "finance_lead", "finance")
	opt.Statements = t.TempDir()
	for i := range 5 {
		require.NoError(t, os.WriteFile(filepath.Join(opt.Statements, fmt.Sprint(i, ".xlsx")), []byte("lines"), 0o600))
	}
	done, err := Run(t.Context(), opt)
	require.NoError(t, err)
	require.Equal(t, 5, done.Imported)
}

// bench is the workbench with one credit; chips and rest are what it says of the suggestion.
func bench(chips, gap, left string) string {
	return `<ul class="credits"><li data-row><a data-open href="/matching?line=l1">x</a></li></ul><ol class="candidates"><li class="sel">` + chips + `</li></ol>
<div class="allocation"><table><tr><td class="no">R1</td><td class="num">260.00</td><td class="num"><b>260.00</b></td><td class="num second">` + gap + `</td></tr></table>
<div class="confirm"><b class="amount">` + left + `</b><form method="post" action="/matching/allocations">` + csrf + `<input type="hidden" name="line" value="l1"><input type="hidden" name="no" value="R1"></form></div></div>`
}

func TestFinanceSettlesOnlyWhatIsBeyondDoubt(t *testing.T) {
	t.Parallel()
	right := `<span class="chip chip-for">户名</span><span class="chip chip-missing">无凭证</span>`
	for name, c := range map[string]struct {
		page string
		want int
	}{
		"exact":             {bench(right, "0.00", "¥0.00"), 1},
		"something against": {bench(right+`<span class="chip chip-against">户名不同</span>`, "0.00", "¥0.00"), 0},
		"short":             {bench(right, "20.00", "¥0.00"), 0},
		"over":              {bench(right, "0.00", "¥0.50"), 0},
		"nothing for it":    {bench("", "0.00", "¥0.00"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, clock{time.Now()}.now)
			o.credits = c.page
			done, err := Run(t.Context(), options(o, "finance"))
			require.NoError(t, err)
			require.Equal(t, c.want, done.Matched)
			require.Len(t, o.allocated, c.want)
		})
	}
}

func TestOutlivesRestartsAndLostSessions(t *testing.T) {
	t.Parallel()
	o := newOffice(t, clock{time.Now()}.now)
	o.queue, o.down = []string{"R1"}, 5
	o.papers["R1"] = map[string][]byte{formKind: good, licenceKind: good}
	var once sync.Once
	opt := options(o, "reviewer", "issuer")
	opt.Now = func() time.Time {
		o.mu.Lock()
		defer o.mu.Unlock()
		if len(o.decided) == 1 {
			once.Do(func() { o.sessions = map[string]string{} })
		}
		return o.now()
	}
	opt.UntilIdle = 150 * time.Second
	done, err := Run(t.Context(), opt)
	require.NoError(t, err)
	require.Equal(t, 1, done.Issued)
	require.Len(t, o.decided, 1)
	require.Len(t, o.sessions, 2, "both logged in again")
}

func TestCaseClaimedByALostAnswerIsNotForgotten(t *testing.T) {
	t.Parallel()
	o := newOffice(t, clock{time.Now()}.now)
	o.queue, o.lose, o.losses = []string{"R1", "R2"}, "/orders/R1", 2
	for _, no := range o.queue {
		o.papers[no] = map[string][]byte{formKind: good, licenceKind: good}
	}
	done, err := Run(t.Context(), options(o, "reviewer"))
	require.NoError(t, err)
	require.Equal(t, 2, done.Approved)
}

func TestDeskThatCannotOpen(t *testing.T) {
	t.Parallel()
	o := newOffice(t, clock{time.Now()}.now)
	opt := options(o, "reviewer")
	opt.Staff[0].Password = "wrong"
	_, err := Run(t.Context(), opt)
	require.ErrorIs(t, err, errRefused)
	opt.Roles = []string{"issuer"}
	_, err = Run(t.Context(), opt)
	require.ErrorIs(t, err, ErrRoster)
	opt = options(o, "reviewer")
	opt.Base = "localhost"
	_, err = Run(t.Context(), opt)
	require.ErrorContains(t, err, "no address")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Run(ctx, options(o, "reviewer"))
	require.NoError(t, err, "told to stop is no failure")
}

func TestFormsAreSentAsBrowsersSendThem(t *testing.T) {
	t.Parallel()
	o := newOffice(t, time.Now)
	b, err := newBrowser(o.URL, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	at, err := b.base.Parse("/x?y=1")
	require.NoError(t, err)
	p, err := newPage(200, at, `<form id="f" method="post" action="/go"><input name="a" value="1"><input name="b" type="checkbox" value="2" checked><input name="c" type="checkbox" checked>
<input name="d" value="4" disabled><input name="r" type="radio" value="x"><input name="r" type="radio" value="y" checked><select name="s"><option value="p">P</option><option value="q" selected>Q</option></select>
<textarea name="t">two words</textarea><button name="no" value="no">go</button></form><input name="e" value="5" form="f"><input name="stray" value="6">`)
	require.NoError(t, err)
	f := p.form("/go")
	require.NotNil(t, f)
	contentType, body, err := f.encode()
	require.NoError(t, err)
	require.Equal(t, "application/x-www-form-urlencoded", contentType)
	require.Equal(t, "a=1&b=2&c=on&e=5&r=y&s=q&t=two+words", string(body))
	require.Nil(t, p.form("/elsewhere"))
	_, err = b.get(t.Context(), "http://example.test/")
	require.ErrorContains(t, err, "leads elsewhere")
}

// painter is shared: reading a font takes longer than drawing with it.
var painter = sync.OnceValues(func() (*paper.Painter, error) { return paper.Open("") })

func TestJudgeOnDrawnPapers(t *testing.T) {
	t.Parallel()
	p, err := painter()
	require.NoError(t, err, "install fonts-noto-cjk")
	pdf, err := os.ReadFile(filepath.Join("..", "paper", "testdata", "form.pdf"))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		faults        paper.Faults
		form, licence []string
	}{
		"good":         {paper.Faults{}, nil, nil},
		"pale":         {paper.Faults{PaleStamp: true}, []string{stampUnclear}, []string{stampUnclear}},
		"without seal": {paper.Faults{NoStamp: true}, []string{stampMissing}, []string{stampMissing}},
		"foreign":      {paper.Faults{WrongStamp: "深圳市沐阳川核电工程有限公司"}, []string{stampOther}, []string{stampMissing}},
		"contracts":    {paper.Faults{Contract: true}, []string{stampOther}, []string{stampMissing}},
		"unsigned":     {paper.Faults{NoSignature: true}, []string{signatureMissing}, nil},
		"upside down":  {paper.Faults{UpsideDown: true}, []string{unreadable}, []string{unreadable}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scan, _, err := p.ScanForm(t.Context(), pdf, paper.Form{Company: testCompany, Signer: "王小明", Faults: c.faults, Seed: 7})
			require.NoError(t, err)
			got, err := judge(p, testCompany, formKind, [][]byte{scan})
			require.NoError(t, err)
			require.Equal(t, c.form, got)
			scan, err = p.LicenceCopy(paper.Licence{
				Company: testCompany, CreditCode: "914403001922038216", Representative: "李四", Address: "深圳市", Founded: time.Now(),
				CapitalYuan: 10_000_000, Authority: "样例市场监督管理局", Faults: c.faults, Seed: 7,
			})
			require.NoError(t, err)
			got, err = judge(p, testCompany, licenceKind, [][]byte{scan})
			require.NoError(t, err)
			require.Equal(t, c.licence, got)
		})
	}
	got, err := judge(p, testCompany, "remittance_voucher", [][]byte{plain})
	require.NoError(t, err)
	require.Empty(t, got)
	_, err = judge(p, testCompany, formKind, [][]byte{[]byte("no image")})
	require.Error(t, err)
}
