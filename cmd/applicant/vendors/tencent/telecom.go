package tencent

import (
	"regexp"
	"strings"

	"caconsole/cmd/applicant/number"
)

var mobile = regexp.MustCompile(`^1[3-9]\d{9}$`)

// verdict is an answer of the carriers.
type verdict struct{ result, description string }

// byEnding gives phone numbers their fate by the last four digits, so that a test chooses an outcome by the number it
// types. All other numbers agree.
var byEnding = map[string]verdict{
	"0004": {"-4", "三要素信息不一致"},
	"0009": {"-9", "没有记录"},
	"0011": {"-11", "验证中心服务繁忙"},
	"0012": {"-12", "认证次数超过当日限制，请次日重试"},
}

// phoneVerification answers PhoneVerification (运营商三要素): name, identity number and phone belong together or not.
func (c *Cloud) phoneVerification(body []byte) (any, *apiError) {
	var in struct{ IdCard, Name, Phone string }
	if fail := read(body, &in); fail != nil {
		return nil, fail
	}
	v := judge(in.Name, in.IdCard, in.Phone)
	return map[string]string{"Result": v.result, "Description": v.description, "Isp": carrier(in.Phone, v.result)}, nil
}

func judge(name, id, phone string) verdict {
	switch {
	case !mobile.MatchString(phone):
		return verdict{"-6", "手机号码不合法"}
	case !number.ValidPerson(id):
		return verdict{"-7", "身份证号码有误"}
	case strings.TrimSpace(name) == "":
		return verdict{"-8", "姓名校验不通过"}
	}
	if v, ok := byEnding[phone[7:]]; ok {
		return v
	}
	return verdict{"0", "三要素信息一致"}
}

// carrier names the operator by the number's head; it is only known when the carriers looked.
func carrier(phone, result string) string {
	if result != "0" && result != "-4" {
		return ""
	}
	switch phone[:3] {
	case "130", "131", "132", "155", "156", "166", "185", "186":
		return "联通"
	case "133", "153", "173", "177", "180", "181", "189", "199":
		return "电信"
	}
	return "移动"
}
