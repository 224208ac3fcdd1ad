package paper

import (
	"image"
	"image/color"
	"image/draw"
	"time"

	"caconsole/cmd/applicant/person"
)

// Cards have the proportions of ID-1 (85.6 × 54 mm).
const cardWidth, cardHeight, cardScale = 1012, 638, 0.8

var cardGround = color.NRGBA{226, 236, 238, 255}

// CardFront returns a photograph of the front (人像面) of a synthetic identity card, as JPEG.
func (p *Painter) CardFront(who person.Person, seed uint64) ([]byte, error) {
	c := p.preprinted("card", p.emptyCard)
	c.row("姓名", who.Name, 112, 40)
	c.row("性别", sex(who), 192, 34)
	c.text(blue, "民族", point{320, 192}, 28)
	c.text(black, "汉", point{400, 192}, 34)
	c.row("出生", who.Born.Format("2006 年 1 月 2 日"), 268, 34)
	c.text(blue, "住址", point{64, 344}, 28)
	c.wrapped(black, who.Address, point{154, 344}, 32, 430, 46)
	c.text(blue, "公民身份号码", point{64, 556}, 28)
	c.spaced(black, who.IDNumber, point{320, 558}, 40, 6)
	c.frame(p.portrait(290*cardScale, 370*cardScale, seed), image.Pt(650*cardScale, 80*cardScale))
	c.sample(58)
	return photo(c.RGBA, chance(seed, "card front"))
}

// CardBack returns a photograph of the back (国徽面) of the card, as JPEG. It is valid for twenty years from issued.
func (p *Painter) CardBack(who person.Person, issued time.Time, seed uint64) ([]byte, error) {
	c := p.preprinted("card", p.emptyCard)
	// A plain disc stands for the national emblem, which is not for drawings.
	c.fill(red, ellipse(point{150, 150}, 78, 78, false))
	c.centred(white, "样例", point{150, 166}, 48)
	c.centred(black, "合成样例卡片", point{590, 130}, 52)
	c.centred(black, "身 份 证 件（演示用）", point{590, 220}, 54)
	c.text(blue, "签发机关", point{230, 470}, 30)
	c.text(black, who.Authority, point{390, 470}, 34)
	c.text(blue, "有效期限", point{230, 545}, 30)
	c.text(black, issued.Format("2006.01.02")+"-"+issued.AddDate(20, 0, 0).Format("2006.01.02"), point{390, 545}, 34)
	c.sample(58)
	return photo(c.RGBA, chance(seed, "card back"))
}

// Face returns the best frame of a liveness check: the face of CardFront of the same seed, as JPEG.
func (p *Painter) Face(seed uint64) ([]byte, error) {
	c := p.portrait(480, 640, seed)
	c.sample(60)
	return photo(c.RGBA, chance(seed, "face"))
}

// emptyCard is the ground of every card.
func (p *Painter) emptyCard() *canvas {
	c := p.scaled(cardScale, cardWidth, cardHeight, cardGround)
	r := chance(0, "card ground")
	for i := range 26 { // the fine waves of a security print
		y := float64(i) * 26
		shift := r.Float64() * 40
		for x := 0.0; x < cardWidth; x += 44 {
			c.line(color.NRGBA{150, 190, 205, 90}, point{x, y + shift/4}, point{x + 44, y + 14 - shift/4}, 1.2)
		}
	}
	c.box(color.NRGBA{150, 170, 180, 255}, 4, 4, cardWidth-8, cardHeight-8, 3)
	return c
}

func (c *canvas) row(label, value string, y, size float64) {
	c.text(blue, label, point{64, y}, 28)
	c.text(black, value, point{154, y}, size)
}

func sex(who person.Person) string {
	if who.Male {
		return "男"
	}
	return "女"
}

// frame lays a picture onto the canvas.
func (c *canvas) frame(picture *canvas, o image.Point) {
	draw.Draw(c.RGBA, picture.Bounds().Add(o), picture.RGBA, image.Point{}, draw.Src)
}

// portrait draws a flat cartoon face: plainly nobody.
func (p *Painter) portrait(width, height int, seed uint64) *canvas {
	r := chance(seed, "portrait")
	c := p.canvas(width, height, color.NRGBA{238, 242, 246, 255})
	w, h := float64(width), float64(height)
	hair := []color.NRGBA{{30, 26, 26, 255}, {50, 38, 32, 255}, {70, 66, 66, 255}}[r.IntN(3)]
	shirt := []color.NRGBA{{60, 80, 120, 255}, {90, 90, 96, 255}, {120, 60, 60, 255}, {50, 100, 90, 255}}[r.IntN(4)]
	tone := r.Float64() * 26
	skin := color.NRGBA{uint8(240 - tone), uint8(212 - tone), uint8(186 - tone), 255}
	long := r.IntN(2) == 0
	mid := point{w / 2, h * 0.45}
	fw, fh := w*(0.22+r.Float64()*0.03), h*(0.235+r.Float64()*0.03)
	if long {
		c.fill(hair, ellipse(point{mid.x, mid.y + h*0.04}, fw*1.38, fh*1.42, false))
	}
	c.fill(shirt, ellipse(point{mid.x, h * 1.02}, w*0.43, h*0.3, false))
	c.fillBox(skin, mid.x-fw*0.36, mid.y+fh*0.6, fw*0.72, fh*0.75)
	c.fill(skin, ellipse(point{mid.x - fw, mid.y}, fw*0.16, fh*0.2, false), ellipse(point{mid.x + fw, mid.y}, fw*0.16, fh*0.2, false))
	c.fill(hair, ellipse(point{mid.x, mid.y - fh*0.2}, fw*1.1, fh*1.02, false))
	c.fill(skin, ellipse(point{mid.x, mid.y + fh*0.12}, fw*0.98, fh*0.98, false))
	c.fill(hair, ellipse(point{mid.x - fw*0.15, mid.y - fh*0.72}, fw*0.95, fh*0.34, false))
	c.features(mid, fw, fh, hair, r.Float64(), r.IntN(3) == 0)
	return c
}

func (c *canvas) features(mid point, fw, fh float64, hair color.Color, mood float64, glasses bool) {
	for _, side := range []float64{-1, 1} {
		eye := point{mid.x + side*fw*0.4, mid.y + fh*0.02}
		c.fill(white, ellipse(eye, fw*0.17, fh*0.075, false))
		c.fill(black, ellipse(eye, fw*0.075, fw*0.075, false))
		c.line(hair, point{eye.x - side*fw*0.2, eye.y - fh*0.18}, point{eye.x + side*fw*0.2, eye.y - fh*0.16}, fh*0.05)
		if glasses {
			c.fill(black, ellipse(eye, fw*0.29, fh*0.19, false), ellipse(eye, fw*0.25, fh*0.165, true))
		}
	}
	if glasses {
		c.line(black, point{mid.x - fw*0.13, mid.y}, point{mid.x + fw*0.13, mid.y}, fh*0.03)
	}
	nose := color.NRGBA{190, 150, 124, 255}
	c.line(nose, point{mid.x, mid.y + fh*0.12}, point{mid.x - fw*0.07, mid.y + fh*0.38}, fh*0.03)
	c.line(nose, point{mid.x - fw*0.07, mid.y + fh*0.38}, point{mid.x + fw*0.08, mid.y + fh*0.38}, fh*0.03)
	lips := color.NRGBA{178, 84, 80, 255}
	c.fill(lips, ellipse(point{mid.x, mid.y + fh*0.64}, fw*(0.24+mood*0.1), fh*(0.05+mood*0.02), false))
}
