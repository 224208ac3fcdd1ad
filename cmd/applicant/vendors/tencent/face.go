package tencent

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/google/uuid"

	"caconsole/cmd/applicant/number"
	"caconsole/cmd/applicant/person"
)

const (
	pageLife   = 2 * time.Hour      // how long the face page may be used
	resultLife = 3 * 24 * time.Hour // how long GetDetectInfoEnhanced answers
)

// The outcomes a face page can be given.
const (
	outcomePass     = "pass"         // the person typed stands before the phone
	outcomeFail     = "fail"         // liveness not passed
	outcomeLowScore = "low_score"    // alive, but not alike enough
	outcomeStranger = "wrong_person" // everything is fine, and the card is somebody else's
)

// The steps of a face page, in their order.
const (
	stepFront = "front"
	stepBack  = "back"
	stepLive  = "liveness"
	stepDone  = "done"
)

// session is one run through the face page.
type session struct {
	Token    string    `json:"token"`
	Name     string    `json:"name"`
	IDCard   string    `json:"id_card"`
	Extra    string    `json:"extra"`
	Redirect string    `json:"redirect"`
	At       time.Time `json:"at"`
	Step     string    `json:"step"`
	Outcome  string    `json:"outcome"`
	Score    float64   `json:"score"` // Sim, 0 to 100
	Tries    int       `json:"tries"`
	DoneAt   time.Time `json:"done_at"`
}

// detectAuth answers DetectAuth: a token, and the page that goes with it.
func (c *Cloud) detectAuth(body []byte) (any, *apiError) {
	var in struct {
		RuleId, IdCard, Name, RedirectUrl, Extra string
	}
	if fail := read(body, &in); fail != nil {
		return nil, fail
	}
	switch {
	case in.RuleId != c.opt.RuleID:
		return nil, refused("InvalidParameterValue.RuleIdNotExist", "RuleId不存在，请到人脸核身控制台申请。")
	case (in.Name == "") != (in.IdCard == ""):
		return nil, refused("InvalidParameter", "IdCard 与 Name 须同时传入。")
	case in.IdCard != "" && !number.ValidPerson(in.IdCard):
		return nil, refused("InvalidParameterValue", "身份证号码格式错误。")
	case len(in.RedirectUrl) > 1024 || len(in.Extra) > 1024:
		return nil, refused("InvalidParameter", "RedirectUrl、Extra 最大长度 1024 位。")
	}
	// The token is all a phone needs to open the page, so it is a secret: 128 random bits in the vendor's spelling.
	token := strings.ToUpper(uuid.NewString())
	s := session{Token: token, Name: in.Name, IDCard: in.IdCard, Extra: in.Extra, Redirect: in.RedirectUrl, At: c.opt.Now(), Step: stepFront}
	if _, _, err := c.faces.Add(token, s); err != nil {
		return nil, internal(err)
	}
	c.forgeHint(s)
	return map[string]string{"Url": c.opt.Public() + "/face/" + token, "BizToken": token}, nil
}

var (
	errExpired = errors.New("the page has expired")
	errStep    = errors.New("the steps come in their order")
	errOutcome = errors.New("unknown outcome")
)

// press moves a session one step on; the last one decides the outcome.
func (c *Cloud) press(token, step, outcome string, score float64) (session, error) {
	now := c.opt.Now()
	return c.faces.Update(token, func(s *session) error {
		if now.Sub(s.At) > pageLife {
			return errExpired
		}
		if s.Step != step {
			return fmt.Errorf("%w: now is %s", errStep, s.Step)
		}
		switch step {
		case stepFront:
			s.Step = stepBack
		case stepBack:
			s.Step = stepLive
		case stepLive:
			usual, ok := map[string]float64{outcomePass: 88 + random(1000)/100, outcomeStranger: 86 + random(900)/100, outcomeLowScore: 40 + random(2500)/100, outcomeFail: 0}[outcome]
			if !ok {
				return fmt.Errorf("%w %q", errOutcome, outcome)
			}
			if score == 0 {
				score = usual
			}
			s.Step, s.Outcome, s.Score, s.Tries, s.DoneAt = stepDone, outcome, score, s.Tries+1, now
		}
		return nil
	})
}

// random returns a chance number below n.
func random(n uint32) float64 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return float64(binary.BigEndian.Uint32(b[:]) % n)
}

// getDetectInfo answers GetDetectInfoEnhanced. Before the page is done all fields of Text are null, as in the real
// service; InfoType chooses text (1), card (2) and best frame (3), 0 is everything.
func (c *Cloud) getDetectInfo(body []byte) (any, *apiError) {
	var in struct{ BizToken, RuleId, InfoType string }
	if fail := read(body, &in); fail != nil {
		return nil, fail
	}
	if in.RuleId != c.opt.RuleID {
		return nil, refused("InvalidParameterValue.RuleIdNotExist", "RuleId不存在，请到人脸核身控制台申请。")
	}
	s, ok := c.faces.Get(in.BizToken)
	if !ok {
		return nil, refused("InvalidParameterValue.BizTokenIllegal", "BizToken不合法。")
	}
	if c.opt.Now().Sub(s.At) > resultLife {
		return nil, refused("InvalidParameterValue.BizTokenExpired", "BizToken过期。")
	}
	if s.Step != stepDone {
		return map[string]any{"Text": map[string]any{"ErrCode": nil, "LiveStatus": nil, "Comparestatus": nil, "Extra": s.Extra}}, nil
	}
	who := s.holder()
	out := map[string]any{}
	wants := func(kind string) bool {
		return in.InfoType == "" || strings.Contains(in.InfoType, "0") || strings.Contains(in.InfoType, kind)
	}
	if wants("1") {
		out["Text"] = s.text(who)
	}
	if wants("2") {
		card, err := c.cardData(who)
		if err != nil {
			return nil, internal(err)
		}
		out["IdCardData"] = card
	}
	if wants("3") && s.Outcome != outcomeFail {
		face, err := c.opt.Painter.Face(faceSeed(who.IDNumber))
		if err != nil {
			return nil, internal(err)
		}
		out["BestFrame"] = map[string]any{"BestFrame": base64.StdEncoding.EncodeToString(face), "BestFrames": nil}
	}
	return out, nil
}

// faceSeed ties face and cards to the number of their holder: the same person looks the same in every session.
func faceSeed(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails (hash.Hash)
	return h.Sum64()
}

// holder is the person whose card is held before the phone.
func (s session) holder() person.Person {
	if s.Outcome == outcomeStranger || s.IDCard == "" {
		return person.New(faceSeed("somebody else than " + s.IDCard))
	}
	who := person.New(faceSeed(s.IDCard))
	who.Name, who.IDNumber, who.Region = s.Name, s.IDCard, s.IDCard[:6]
	who.Male = (s.IDCard[16]-'0')%2 == 1
	if born, err := time.Parse("20060102", s.IDCard[6:14]); err == nil {
		who.Born = born
	}
	return who
}

func (c *Cloud) cardData(who person.Person) (any, error) {
	seed := faceSeed(who.IDNumber)
	front, err := c.opt.Painter.CardFront(who, seed)
	if err != nil {
		return nil, err
	}
	back, err := c.opt.Painter.CardBack(who, cardIssued(who), seed)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"OcrFront": base64.StdEncoding.EncodeToString(front), "OcrBack": base64.StdEncoding.EncodeToString(back),
		"Avatar": nil, "WarnInfos": []int{}, "BackWarnInfos": []int{},
	}, nil
}

// cardIssued is the day a card was issued: the holder's birthday in 2018, so that it is valid until 2038.
func cardIssued(who person.Person) time.Time {
	return time.Date(2018, who.Born.Month(), who.Born.Day(), 0, 0, 0, 0, time.UTC)
}
