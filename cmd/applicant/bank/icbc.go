package bank

// icbc writes the text [HISTORYDETAIL] in GB18030, its cells padded with tabs.
func icbc(a Account, s statement) ([]byte, error) {
	var t table
	t.put("[HISTORYDETAIL]")
	t.header("凭证号,本方账号,对方账号,交易时间,借/贷,借方发生额,贷方发生额,对方行号,摘要,用途,对方单位名称,余额,个性化信息")
	for _, l := range s.lines {
		side := "贷"
		if l.Fen < 0 {
			side = "借"
		}
		cells := map[string]any{
			"凭证号": l.Serial, "本方账号": a.Number, "对方账号": l.PartyAccount, "交易时间": moment(l.At), "借/贷": side, "借方发生额": l.outgoing(""),
			"贷方发生额": l.incoming(""), "摘要": l.Kind.word(), "用途": l.Remark, "对方单位名称": l.Party, "余额": text(l.balance),
		}
		for title, v := range cells {
			cells[title] = v.(string) + "\t"
		}
		t.line(cells)
	}
	return gb18030(t.csv())
}
