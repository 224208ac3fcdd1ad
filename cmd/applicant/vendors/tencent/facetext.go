package tencent

import (
	"fmt"

	"caconsole/cmd/applicant/person"
)

// detectText is DetectInfoText of the API. Codes other than 0 are the simulator's own: the documents only promise that
// 0 is a pass.
type detectText struct {
	ErrCode        int64
	ErrMsg         string
	IdCard         string
	Name           string
	OcrNation      string
	OcrAddress     string
	OcrBirth       string
	OcrAuthority   string
	OcrValidDate   string
	OcrName        string
	OcrIdCard      string
	OcrGender      string
	IdInfoFrom     string
	LiveStatus     int64
	LiveMsg        string
	Comparestatus  int64
	Comparemsg     string
	Sim            string
	Location       *string
	Extra          string
	Mobile         string
	CompareLibType string
	LivenessMode   string
	LivenessDetail []livenessDetail
}

type livenessDetail struct {
	ReqTime        string // milliseconds since 1970
	Seq            string
	Idcard         string
	Name           string
	Sim            string
	IsNeedCharge   bool
	Errcode        int64
	Errmsg         string
	Livestatus     int64
	Livemsg        string
	Comparestatus  int64
	Comparemsg     string
	CompareLibType string
	LivenessMode   string
}

const (
	codeLiveness = 2004 // liveness not passed
	codeCompare  = 2016 // not alike enough
	library      = "权威库"
	liveMode     = "0" // reading digits aloud
)

// text is the written half of a result.
func (s session) text(who person.Person) detectText {
	issued := cardIssued(who)
	t := detectText{
		ErrMsg: "成功", IdCard: who.IDNumber, Name: who.Name, OcrNation: "汉", OcrAddress: who.Address,
		OcrBirth: who.Born.Format("2006/1/2"), OcrAuthority: who.Authority,
		OcrValidDate: issued.Format("2006.01.02") + "-" + issued.AddDate(20, 0, 0).Format("2006.01.02"),
		OcrName:      who.Name, OcrIdCard: who.IDNumber, OcrGender: gender(who), IdInfoFrom: "OCR",
		LiveMsg: "成功", Comparemsg: "成功", Sim: fmt.Sprintf("%.2f", s.Score), Extra: s.Extra,
		CompareLibType: library, LivenessMode: liveMode,
	}
	switch s.Outcome {
	case outcomeFail:
		t.ErrCode, t.ErrMsg = codeLiveness, "活体检测未通过"
		t.LiveStatus, t.LiveMsg = codeLiveness, t.ErrMsg
		t.Comparestatus, t.Comparemsg = codeLiveness, "未进行比对"
	case outcomeLowScore:
		t.ErrCode, t.ErrMsg = codeCompare, "对比相似度未达到通过标准"
		t.Comparestatus, t.Comparemsg = codeCompare, t.ErrMsg
	}
	t.LivenessDetail = []livenessDetail{{
		ReqTime: fmt.Sprint(s.DoneAt.UnixMilli()), Seq: s.Token, Idcard: who.IDNumber, Name: who.Name, Sim: t.Sim,
		IsNeedCharge: true, Errcode: t.ErrCode, Errmsg: t.ErrMsg, Livestatus: t.LiveStatus, Livemsg: t.LiveMsg,
		Comparestatus: t.Comparestatus, Comparemsg: t.Comparemsg, CompareLibType: library, LivenessMode: liveMode,
	}}
	return t
}

func gender(who person.Person) string {
	if who.Male {
		return "男"
	}
	return "女"
}
