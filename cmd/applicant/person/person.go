// Package person makes up people: a name, an identity card number with its check digit, a mobile phone and a mailbox.
//
// They are synthetic and repeatable: the same seed is the same person. Regions, streets and names are common ones put
// together by chance; mailboxes end in .test, which no one can own (RFC 2606).
package person

import (
	"fmt"
	"math/rand/v2"
	"time"

	"caconsole/cmd/applicant/number"
)

// Person is one made-up holder of an identity card.
type Person struct {
	Name      string
	Male      bool
	Born      time.Time // midnight UTC of the birthday
	Region    string    // six digits of the administrative division, the head of IDNumber
	Address   string
	Authority string // who issued the card
	IDNumber  string
	Phone     string // eleven digits; never one of the endings by which the telecom simulator disagrees
	Email     string
}

// region is an administrative division and the police bureau that issues cards there.
type region struct{ code, place, authority string }

var regions = []region{
	{"440304", "广东省深圳市福田区", "深圳市公安局福田分局"},
	{"440305", "广东省深圳市南山区", "深圳市公安局南山分局"},
	{"440106", "广东省广州市天河区", "广州市公安局天河分局"},
	{"350102", "福建省福州市鼓楼区", "福州市公安局鼓楼分局"},
	{"210203", "辽宁省大连市西岗区", "大连市公安局西岗分局"},
	{"450602", "广西防城港市港口区", "防城港市公安局港口分局"},
	{"330106", "浙江省杭州市西湖区", "杭州市公安局西湖分局"},
	{"420106", "湖北省武汉市武昌区", "武汉市公安局武昌分局"},
}

var (
	surnames = []rune("王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹")
	given    = []rune("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华文建国志海燕红波宁浩宇轩子涵欣怡雨晨思远嘉铭一诺俊熙梓萱若曦天佑晓峰立新春梅玉珍少雄振东永康家豪慧琳佩仪")
	streets  = []string{"深南大道", "科技路", "人民路", "建设路", "滨河路", "解放路", "中山路", "核电路", "文化街", "青年路"}
	mobiles  = []string{"138", "139", "135", "136", "150", "158", "159", "186", "188", "133", "189", "177"}
)

// New makes the person of a seed, born between 1966 and 2003.
func New(seed uint64) Person {
	r := rand.New(rand.NewPCG(seed, 0x5045_5253_4f4e)) //nolint:gosec // repeatable people are wanted, not secret ones
	where := regions[r.IntN(len(regions))]
	p := Person{
		Name:      name(r),
		Male:      r.IntN(2) == 0,
		Region:    where.code,
		Address:   fmt.Sprintf("%s%s%d号%d栋%d室", where.place, streets[r.IntN(len(streets))], 1+r.IntN(300), 1+r.IntN(20), 101+r.IntN(30)*100+r.IntN(8)),
		Authority: where.authority,
		Born:      time.Date(1966+r.IntN(38), time.January, 1+r.IntN(365), 0, 0, 0, 0, time.UTC),
	}
	p.IDNumber = idNumber(r, p)
	// 1000 to 7999 in the last four digits: clear of 0xxx and 9xxx, which the telecom simulator gives a meaning.
	p.Phone = fmt.Sprintf("%s%04d%04d", mobiles[r.IntN(len(mobiles))], r.IntN(10_000), 1000+r.IntN(7000))
	p.Email = fmt.Sprintf("agent%08x@example.test", r.Uint32())
	return p
}

func name(r *rand.Rand) string {
	out := []rune{surnames[r.IntN(len(surnames))], given[r.IntN(len(given))]}
	if r.IntN(4) > 0 {
		out = append(out, given[r.IntN(len(given))])
	}
	return string(out)
}

func idNumber(r *rand.Rand, p Person) string {
	order := r.IntN(499)*2 + 2 // even for women
	if p.Male {
		order--
	}
	body := fmt.Sprintf("%s%s%03d", p.Region, p.Born.Format("20060102"), order)
	check, err := number.PersonCheck(body)
	if err != nil {
		panic("person: " + err.Error()) // the line above writes 17 digits; anything else is a mistake in it
	}
	return body + string(check)
}
