package paper

import (
	"image/color"
	"time"
)

// Licence is the business licence (营业执照副本) of a company, whose copy the applicant stamps and scans.
type Licence struct {
	Company        string
	CreditCode     string // 统一社会信用代码
	Representative string // 法定代表人
	Address        string // 住所
	Founded        time.Time
	CapitalYuan    int64  // 注册资本
	Authority      string // 登记机关
	Faults         Faults // NoSignature does not apply
	Seed           uint64
}

// LicenceCopy returns the scan of the stamped copy of a licence, landscape A4, as JPEG.
func (p *Painter) LicenceCopy(l Licence) ([]byte, error) {
	r := chance(l.Seed, "licence")
	c := p.preprinted("licence", p.emptyLicence)
	c.text(black, l.CreditCode, point{170, 372}, 32)
	c.fakeCode(point{1400, 210}, 150, chance(l.Seed, "licence code"))

	left, right := 170.0, 960.0
	c.field("名　　称", l.Company, point{left, 470}, 720)
	c.field("法定代表人", l.Representative, point{left, 640}, 720)
	c.field("注册资本", capital(l.CapitalYuan), point{right, 470}, 480)
	c.field("成立日期", l.Founded.Format("2006年01月02日"), point{right, 540}, 480)
	c.field("营业期限", l.Founded.Format("2006年01月02日")+" 至 长期", point{right, 610}, 480)
	c.field("住　　所", l.Address, point{right, 680}, 480)

	c.text(black, l.Founded.Format("2006 年 01 月 02 日"), point{1180, 1030}, 28)
	p.stamp(c, rubber{l.Authority, companySeal}, point{1330, 940}, 118, 0.8, chance(l.Seed, "authority"))
	c.sample(62)

	c.text(black, "复印件与原件一致", point{300, 1010}, 34)
	p.sealPage(c, l.Company, l.Faults, point{480, 985}, 124, chance(l.Seed, "licence seal"))
	return scan(c.RGBA, l.Faults.UpsideDown, r)
}

// scope is the business every sample company is in.
const scope = "一般项目：技术服务、技术开发、技术咨询；机械设备销售；仪器仪表制造；工程管理服务；货物进出口。（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）样例文本"

// emptyLicence is what the licences of all sample companies have in common.
func (p *Painter) emptyLicence() *canvas {
	c := p.scaled(0.72, 1754, 1240, color.NRGBA{253, 252, 247, 255})
	c.licenceFrame()
	c.centred(black, "营 业 执 照", point{877, 262}, 92)
	c.centred(black, "（副 本）", point{877, 322}, 36)
	c.text(grey, "统一社会信用代码", point{170, 330}, 25)
	c.field("类　　型", "有限责任公司", point{170, 570}, 720)
	c.field("经营范围", scope, point{170, 710}, 720)
	c.text(grey, "登记机关", point{1080, 960}, 28)
	c.text(grey, "本图为合成样例，不具法律效力；市场主体应当于每年1月1日至6月30日报送公示年度报告", point{170, 1148}, 20)
	return c
}

func (c *canvas) licenceFrame() {
	w, h := c.size()
	c.box(gold, 60, 60, w-120, h-120, 14)
	c.box(gold, 82, 82, w-164, h-164, 3)
	for _, corner := range []point{{96, 96}, {w - 96, 96}, {96, h - 96}, {w - 96, h - 96}} {
		c.fill(gold, ellipse(corner, 26, 26, false), ellipse(corner, 18, 18, true))
	}
	// Where the national emblem stands on a real one there is a plain disc: the emblem is not for drawings.
	c.fill(color.NRGBA{214, 60, 50, 255}, ellipse(point{w / 2, 136}, 38, 38, false))
	c.centred(white, "样例", point{w / 2, 147}, 30)
}

// field writes a label and its value, wrapped.
func (c *canvas) field(label, value string, o point, width float64) {
	c.text(grey, label, o, 26)
	c.wrapped(black, value, point{o.x + 170, o.y}, 28, width-170, 42)
}

func capital(yuan int64) string {
	if yuan%10_000 == 0 {
		return uppercase(yuan) + "元整"
	}
	return uppercase(yuan) + "元"
}

// fakeCode draws squares that look like a two-dimensional code from afar and decode to nothing.
func (c *canvas) fakeCode(o point, side float64, r interface{ IntN(int) int }) {
	const n = 21
	cell := side / n
	for y := range n {
		for x := range n {
			eye := (x < 7 && y < 7) || (x >= n-7 && y < 7) || (x < 7 && y >= n-7)
			if !eye && r.IntN(2) == 0 {
				c.fillBox(black, o.x+float64(x)*cell, o.y+float64(y)*cell, cell, cell)
			}
		}
	}
	for _, e := range []point{{0, 0}, {n - 7, 0}, {0, n - 7}} {
		c.box(black, o.x+e.x*cell, o.y+e.y*cell, 7*cell, 7*cell, cell)
		c.fillBox(black, o.x+(e.x+2)*cell, o.y+(e.y+2)*cell, 3*cell, 3*cell)
	}
}
