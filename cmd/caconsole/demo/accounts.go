package demo

import "caconsole/cmd/caconsole/demo/history"

// accounts are where customers pay into, one at each bank whose statements the demo shows. Payers are told the first.
func accounts() []history.Account {
	all := []history.Account{{Number: sellerAccount, Bank: "CMB", Branch: sellerBranch}}
	for _, at := range [][3]string{
		{"4000010200000105026", "ICBC", "工商银行深圳深南支行"},
		{"44201501100052501050", "CCB", "建设银行深圳高新园支行"},
		{"41000500040010502", "ABC", "农业银行深圳南山支行"},
		{"744500105026", "BOC", "中国银行深圳市分行营业部"},
		{"15000010502691", "PINGAN", "平安银行深圳总部营业部"},
		{"8110301012600105026", "CITIC", "中信银行深圳分行营业部"},
		{"630105026", "CMBC", "民生银行深圳宝安支行"},
		{"10861000000105026", "HUAXIA", "华夏银行深圳泰然支行"},
		{"1000010502600", "TREASURY", "（样例）财务有限责任公司"},
	} {
		all = append(all, history.Account{Number: at[0], Bank: at[1], Branch: at[2]})
	}
	for i := range all {
		all[i].Name = sellerName
	}
	return all
}
