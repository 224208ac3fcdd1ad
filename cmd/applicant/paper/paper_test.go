package paper_test

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/number"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/person"
)

// keep writes the drawings to a folder, to be looked at: go test ./cmd/applicant/paper -keep /tmp/papers.
var keep = flag.String("keep", "", "folder to write the drawn papers to")

const company = "中广核样例工程设备（深圳）有限公司"

var day = time.Date(2026, 11, 20, 3, 4, 5, 0, time.UTC)

func painter(t *testing.T) *paper.Painter {
	t.Helper()
	p, err := paper.Open("")
	require.NoError(t, err, "install fonts-noto-cjk")
	return p
}

func page() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, 992, 1403))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for y := 300; y < 1300; y += 60 {
		draw.Draw(img, image.Rect(120, y, 1120, y+2), image.NewUniform(color.Black), image.Point{}, draw.Src)
	}
	return img
}

// drawings is every kind of paper, by the name it is kept under.
func drawings(p *paper.Painter, seed uint64) map[string]func() ([]byte, error) {
	who := person.New(seed)
	code, err := number.CreditCode("440304", uint32(seed))
	if err != nil {
		panic(err)
	}
	licence := paper.Licence{
		Company: company, CreditCode: code, Representative: who.Name, Address: who.Address, Founded: time.Date(2012, 5, 8, 0, 0, 0, 0, time.UTC),
		CapitalYuan: 50_000_000, Authority: "深圳市样例登记机关", Seed: seed,
	}
	form := paper.Form{Company: company, Signer: who.Name, Seed: seed}
	pale := form
	pale.Faults = paper.Faults{PaleStamp: true, NoSignature: true}
	return map[string]func() ([]byte, error){
		"form":      func() ([]byte, error) { return p.SignedForm(page(), form) },
		"form_pale": func() ([]byte, error) { return p.SignedForm(page(), pale) },
		"licence":   func() ([]byte, error) { return p.LicenceCopy(licence) },
		"voucher": func() ([]byte, error) {
			return p.Remittance(paper.Voucher{
				Payer: company, PayerAccount: "4000012309200123456", PayerBank: "中国工商银行深圳福田支行", Payee: "深圳样例电子认证有限公司",
				PayeeAccount: "755900000010502", PayeeBank: "招商银行深圳分行营业部", AmountFen: 72050, At: day, Remark: "证书续期 R26112200018", BankSerial: "C0928374650012", Seed: seed,
			})
		},
		"invoice": func() ([]byte, error) {
			return p.InvoiceSheet(paper.Invoice{
				Special: true, Number: fmt.Sprintf("264400000000%08d", seed), IssuedAt: day, Buyer: company, BuyerTaxNo: code, Seller: "深圳样例电子认证有限公司",
				SellerTaxNo: "91440300708461136T", ExTaxFen: 26415, TaxFen: 1585, Remark: "订单 R26112200018 证书续期 1 年", Clerk: "系统",
				Lines: []paper.InvoiceLine{{Name: "*信息技术服务*数字证书服务费", Unit: "年", Num: "1", RatePercent: 6, ExTaxFen: 26415, TaxFen: 1585}},
			})
		},
		"card_front": func() ([]byte, error) { return p.CardFront(who, seed) },
		"card_back":  func() ([]byte, error) { return p.CardBack(who, day.AddDate(-6, 0, 0), seed) },
		"face":       func() ([]byte, error) { return p.Face(seed) },
	}
}

func TestPapersAreRepeatableAndDiffer(t *testing.T) {
	t.Parallel()
	p := painter(t)
	other := drawings(p, 2)
	for name, draw := range drawings(p, 1) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, err := draw()
			require.NoError(t, err)
			again, err := draw()
			require.NoError(t, err)
			require.True(t, bytes.Equal(one, again), "the same seed must draw the same bytes")
			two, err := other[name]()
			require.NoError(t, err)
			require.False(t, bytes.Equal(one, two), "another seed must draw another paper")
			_, err = jpeg.Decode(bytes.NewReader(one))
			require.NoError(t, err)
			require.Less(t, len(one), 1<<20, "a paper must pass an upload limit with room to spare")
			if *keep != "" {
				require.NoError(t, os.MkdirAll(*keep, 0o750))
				require.NoError(t, os.WriteFile(filepath.Join(*keep, name+".jpg"), one, 0o600))
			}
		})
	}
}

// redness counts pixels that are clearly red, as a reviewer's eye or a seal detector would look for the stamp.
func redness(t *testing.T, raw []byte) int {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(raw))
	require.NoError(t, err)
	return redIn(img, img.Bounds())
}

func redIn(img image.Image, area image.Rectangle) int {
	n := 0
	for y := area.Min.Y; y < area.Max.Y; y += 2 {
		for x := area.Min.X; x < area.Max.X; x += 2 {
			r, g, b, _ := img.At(x, y).RGBA()
			if r > g+0x4000 && r > b+0x4000 {
				n++
			}
		}
	}
	return n
}

func TestFaultsShow(t *testing.T) {
	t.Parallel()
	p := painter(t)
	of := func(f paper.Faults) int {
		raw, err := p.SignedForm(page(), paper.Form{Company: company, Signer: "林样例", Faults: f, Seed: 3})
		require.NoError(t, err)
		return redness(t, raw)
	}
	good := of(paper.Faults{})
	require.Greater(t, good, 900)
	require.Less(t, of(paper.Faults{PaleStamp: true}), good/4)
	require.Less(t, of(paper.Faults{NoStamp: true}), 50)
	require.Greater(t, of(paper.Faults{WrongStamp: "另一家样例公司"}), good/2)
	require.Greater(t, of(paper.Faults{Contract: true}), good*9/10)
}

// A page that lay the wrong way round has its seal, which belongs to the lower right, in the upper left.
func TestUpsideDown(t *testing.T) {
	t.Parallel()
	raw, err := painter(t).SignedForm(page(), paper.Form{Company: company, Signer: "林样例", Faults: paper.Faults{UpsideDown: true}, Seed: 3})
	require.NoError(t, err)
	img, err := jpeg.Decode(bytes.NewReader(raw))
	require.NoError(t, err)
	require.Greater(t, redIn(img, image.Rect(0, 0, 496, 480)), redIn(img, img.Bounds())*9/10)
}

func TestFormIsSignedWhereItSaysSo(t *testing.T) {
	t.Parallel()
	p := painter(t)
	pdf, err := os.ReadFile(filepath.Join("testdata", "form.pdf"))
	require.NoError(t, err)
	raw, media, err := p.ScanForm(t.Context(), pdf, paper.Form{Company: "深圳市启衡核电工程有限公司", Signer: "周敏", Seed: 4})
	require.NoError(t, err)
	require.Equal(t, "image/jpeg", media)
	require.Greater(t, redness(t, raw), 900)
	img, err := jpeg.Decode(bytes.NewReader(raw))
	require.NoError(t, err)
	// The label 申请单位（公章）： of this form ends at 69 % of the width and 66 % of the height; the seal lies beside it.
	require.Greater(t, redIn(img, image.Rect(560, 840, 920, 1136)), redIn(img, img.Bounds())*9/10)
	if *keep != "" {
		require.NoError(t, os.MkdirAll(*keep, 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(*keep, "form_signed.jpg"), raw, 0o600))
	}

	two, err := paper.PDF(raw, raw)
	require.NoError(t, err)
	pages, err := paper.Pages(t.Context(), two)
	require.NoError(t, err)
	require.Len(t, pages, 2)
	_, _, err = p.ScanForm(t.Context(), two, paper.Form{Company: company, Signer: "周敏"})
	require.ErrorIs(t, err, paper.ErrNoPlace)
}

func TestPagesOfBrokenPDF(t *testing.T) {
	t.Parallel()
	_, err := paper.Pages(t.Context(), []byte("not a PDF"))
	require.Error(t, err)
}

func TestNoFont(t *testing.T) {
	t.Parallel()
	_, err := paper.New([]byte("no font"))
	require.Error(t, err)
	_, err = paper.Open(filepath.Join(t.TempDir(), "missing.ttf"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
