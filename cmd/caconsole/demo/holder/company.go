// Package holder makes up the companies of a demonstration and the Ukeys they hold, with certificates of an earlier CA.
package holder

import (
	"time"

	"caconsole/cmd/applicant/number"
	"caconsole/cmd/applicant/person"
)

// Company is one made-up certificate holder. The same number is the same company.
type Company struct {
	Name       string
	CreditCode string
	Agent      person.Person // 经办人
	Legal      person.Person // 法人
	Founded    time.Time
	Seed       uint64 // of its drawings
}

// The parts of names: no company bears one of them, since the middles are no words.
var (
	places = []struct{ name, code string }{
		{"深圳市", "440304"},
		{"阳江市", "441702"},
		{"防城港市", "450602"},
		{"大连市", "210203"},
		{"宁德市", "350902"},
		{"台山市", "440781"},
		{"惠州市", "441302"},
		{"广州市", "440106"},
		{"苏州市", "320508"},
		{"武汉市", "420106"},
		{"成都市", "510104"},
		{"杭州市", "330106"},
		{"福州市", "350102"},
	}
	middles = []string{
		"海衡", "岭湾", "澄岸", "启岳", "云杉", "恒屿", "瀚川", "砺石", "锦澜", "朔源", "青屿", "合辰", "融岳", "博屹", "盛潮", "汇岭", "中屹", "泰衡",
		"安澜", "远栎", "嘉榆", "明澈", "卓屿", "宏砚", "晟川", "铭岳", "昱衡", "蓝槐", "鼎汐", "捷朗", "珩远", "沐阳川", "翊辰", "诺杉", "衡川", "岳麒", "润屿",
	}
	trades = []string{
		"检修服务", "设备工程", "电气技术", "信息技术", "机电安装", "物资贸易", "工程监理", "环保科技", "仪表自动化", "建筑劳务", "阀门制造",
		"电缆", "检测技术", "物流", "工程咨询", "防腐工程", "劳务派遣",
	}
)

// New makes the company of a number.
func New(n int) (Company, error) {
	place := places[(n*5)%len(places)]
	middle := middles[n%len(middles)]
	trade := trades[(n/len(middles)+n*7)%len(trades)]
	seed := uint64(n)*7919 + 11                                     //nolint:gosec // n counts companies
	code, err := number.CreditCode(place.code, uint32(20_000+n*37)) //nolint:gosec // likewise
	return Company{
		Name: place.name + middle + trade + "有限公司", CreditCode: code, Agent: person.New(seed), Legal: person.New(seed + 1),
		Founded: time.Date(2001+n%19, time.Month(1+n%12), 1+n%28, 0, 0, 0, 0, time.UTC), Seed: seed,
	}, err
}
