package form

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/signintech/gopdf"

	"caconsole/admin/seal"
)

// Geometry of the page, in points (1/72 inch), A4 upright.
const (
	pageWidth  = 595.28
	pageHeight = 841.89
	margin     = 54.0
	inner      = pageWidth - 2*margin
	qrSide     = 78.0

	labelWidth = 96.0
	cellPad    = 6.0
	lineHeight = 14.0
	rowPad     = 7.5
	signHeight = 230.0 // declaration, signature and stamp
	footer     = 28.0

	thin, thick = 0.5, 1.0
)

var beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

// Render makes the PDF. Error: Invalid "form_glyph_missing" with char and code, for a character the font lacks.
func Render(f Fields, v Version) ([]byte, error) {
	c, err := lay(f, v)
	if err != nil {
		return nil, err
	}
	out, err := c.pdf.GetBytesPdfReturnErr()
	if err != nil {
		return nil, fmt.Errorf("form: write: %w", err)
	}
	return out, nil
}

// Check tells whether Render would succeed. It lays the pages out and spares what takes longest, the font's part that a
// PDF carries.
func Check(f Fields, v Version) error {
	_, err := lay(f, v)
	return err
}

// lay draws the pages.
func lay(f Fields, v Version) (*canvas, error) {
	digest, err := f.Digest(v.OrderNo)
	if err != nil {
		return nil, err
	}
	c, err := newCanvas("数字证书续期申请表 "+v.OrderNo, gopdf.PdfInfo{
		Producer: "caconsole", Subject: Code(v.OrderNo, v.Number, digest), CreationDate: v.At.UTC(),
	})
	if err != nil {
		return nil, err
	}
	p := page{canvas: c, fields: f, version: v, digest: digest}
	p.draw()
	return c, c.err
}

type page struct {
	*canvas
	fields  Fields
	version Version
	digest  []byte
	y       float64
	top     float64 // of the frame on this page
	number  int
}

// field is a label with its value; a row of the table holds one or two.
type field struct{ label, value string }

func (p *page) draw() {
	rows := p.rows()
	pages := 1
	p.open()
	p.heading()
	p.top = p.y
	for _, row := range rows {
		p.row(row)
	}
	if p.y+signHeight > pageHeight-margin-footer { // only names at the limit of their length come here
		p.close("1", "2")
		pages = 2
		p.open()
		p.y, p.top = margin, margin
	}
	p.sign()
	p.close(fmt.Sprint(p.number), fmt.Sprint(pages))
}

func (p *page) open() {
	p.pdf.AddPage()
	p.number++
}

func (p *page) heading() {
	const title = "数字证书续期申请表"
	p.size(21)
	p.text((pageWidth-p.width(title))/2, 62, title)
	p.code(pageWidth-margin-qrSide, 58, qrSide, Code(p.version.OrderNo, p.version.Number, p.digest))
	p.size(9.5)
	p.y = 104
	if p.fields.Authority != "" {
		p.text(margin, p.y, "受理机构："+p.fields.Authority)
	}
	p.y += 16
	p.text(margin, p.y, fmt.Sprintf("确认时间：%s　第 %d 版　本表须由经办人手写签名并加盖单位公章（红色）",
		p.version.At.In(beijing).Format("2006-01-02 15:04"), p.version.Number))
	p.y = 58 + qrSide + 12
}

func (p *page) rows() [][]field {
	f := p.fields
	return [][]field{
		{{"订单编号", p.version.OrderNo}, {"申请类型", fmt.Sprintf("%s续期（%d 年）", f.CertType, f.Years)}},
		{{"单位名称", f.Holder}},
		{{f.OrgIDKind, f.OrgIDNumber}},
		{{"法定代表人", f.LegalName}, {"证件号码", dash(seal.MaskIDNumber(f.LegalIDNumber))}},
		{{"经办人", f.AgentName}, {"经办人手机", seal.MaskPhone(f.AgentPhone)}},
		{{"经办人证件号", seal.MaskIDNumber(f.AgentIDNumber)}},
		{{"介质编号", f.MediumNo}, {"证书序列号", f.Serial}},
		{{"所属项目", f.Project}, {"到期日期", f.NotAfter}},
		{{"发票抬头", f.InvoiceTitle}},
		{{"邮箱", seal.MaskEmail(f.AgentEmail)}},
	}
}

func dash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

// row draws one row of the table, as high as its longest value needs.
func (p *page) row(fields []field) {
	p.size(10)
	width := inner / float64(len(fields))
	height := 0.0
	labels, values := make([][]string, len(fields)), make([][]string, len(fields))
	for i, f := range fields {
		labels[i] = p.lines(f.label, labelWidth-2*cellPad)
		values[i] = p.lines(dash(f.value), width-labelWidth-2*cellPad)
		height = max(height, 2*rowPad+lineHeight*float64(max(len(labels[i]), len(values[i]))))
	}
	for i := range fields {
		x := margin + float64(i)*width
		p.box(x, p.y, labelWidth, height, thin)
		p.box(x+labelWidth, p.y, width-labelWidth, height, thin)
		for n, line := range labels[i] {
			top := p.y + (height-lineHeight*float64(len(labels[i])))/2
			p.text(x+(labelWidth-p.width(line))/2, top+lineHeight*float64(n)+1.5, line)
		}
		for n, line := range values[i] {
			top := p.y + (height-lineHeight*float64(len(values[i])))/2
			p.text(x+labelWidth+cellPad, top+lineHeight*float64(n)+1.5, line)
		}
	}
	p.y += height
}

// sign draws the declaration with room for the signature and the stamp, which is 42 mm wide at most.
func (p *page) sign() {
	p.size(10.5)
	y := p.y + 12
	for _, line := range p.lines("　　"+p.declaration(), inner-2*cellPad-12) {
		p.text(margin+cellPad+6, y, line)
		y += 18
	}
	y = max(y+34, p.y+110)
	p.text(margin+cellPad+6, y, "经办人签名：")
	p.rule(margin+78, y+14, margin+205, y+14, thin)
	const stamp = margin + 262
	p.text(stamp, y, "申请单位（公章）：")
	p.text(stamp, y+62, "日期：　　　　　年　　　月　　　日")
	p.y = max(p.y+signHeight, y+100)
}

func (p *page) declaration() string {
	agreed := "相关协议"
	if len(p.fields.Agreements) > 0 {
		agreed = "《" + strings.Join(p.fields.Agreements, "》《") + "》"
	}
	return "本单位承诺所提交的资料真实、完整、有效，已阅读并同意" + agreed + "；续期后原证书按协议处理，由此产生的责任由本单位承担。"
}

// close frames the page and writes its foot.
func (p *page) close(number, of string) {
	p.box(margin, p.top, inner, p.y-p.top, thick)
	p.size(8.5)
	y := pageHeight - margin - 4
	p.text(margin, y, "第 "+number+" 页 / 共 "+of+" 页")
	mark := fmt.Sprintf("%s-V%d　校验 %s", p.version.OrderNo, p.version.Number, strings.ToUpper(hex.EncodeToString(p.digest[:4])))
	p.text(pageWidth-margin-p.width(mark), y, mark)
}
