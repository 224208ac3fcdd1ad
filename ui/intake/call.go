package intake

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/text/language"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/idem"
	"caconsole/admin/seal"
)

// call is one request of the API: who calls, and how to read and answer.
type call struct {
	*fiber.Ctx
	s     *server
	actor actor.Actor
}

// body reads the JSON body into a struct; see decode.
func (c *call) body(into any) error {
	kind, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), fiber.MIMEApplicationJSON) {
		return fiber.ErrUnsupportedMediaType
	}
	return decode(c.Body(), into)
}

// answer writes a JSON answer. Answers hold data of persons and orders, so no cache keeps them.
func (c *call) answer(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fault.Wrap("answer_failed", err)
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSONCharsetUTF8)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Status(status).Send(body)
}

const maxKeyLen = 100

// key is the idempotency key of a call that creates, bound to the caller and to what was sent where; fault
// idempotency_key_missing.
func (c *call) key() (idem.Key, error) {
	k := c.Get("Idempotency-Key")
	if k == "" || len(k) > maxKeyLen || strings.ContainsFunc(k, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return idem.Key{}, fault.New(fault.Invalid, "idempotency_key_missing", nil)
	}
	var sums []byte
	for _, part := range [][]byte{[]byte(c.Method()), []byte(c.Path()), c.Body()} {
		sums = append(sums, seal.Digest(part)...) // each by itself, so that no two requests run into each other
	}
	return idem.Key{Principal: principal(c.actor), Key: k, Digest: [32]byte(seal.Digest(sums))}, nil
}

// principal is whose keys they are. A driver has no account: its keys are told apart by where it calls from.
func principal(a actor.Actor) string {
	if a.Kind == actor.Applicant {
		return "applicant:" + a.ID.String()
	}
	return string(a.Kind) + ":" + a.IP
}

// sentence looks a catalogue key up in the caller's language.
func (c *call) sentence(key string, args map[string]any) string {
	return c.s.texts.Text(languageOf(c.Ctx), key, args)
}

// bearer is the token of the Authorization header, "" without one.
func bearer(c *fiber.Ctx) string {
	scheme, token, ok := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

var languages = language.NewMatcher([]language.Tag{language.MustParse("zh-CN"), language.English})

// languageOf is "zh" unless the caller prefers English.
func languageOf(c *fiber.Ctx) string {
	tags, _, err := language.ParseAcceptLanguage(c.Get(fiber.HeaderAcceptLanguage))
	if err != nil || len(tags) == 0 {
		return "zh"
	}
	if _, i, confidence := languages.Match(tags...); i == 1 && confidence > language.No {
		return "en"
	}
	return "zh"
}

// requestID is the id the wrapper gave the request.
func requestID(c *fiber.Ctx) string {
	id, _ := c.Locals("request_id").(string)
	return id
}

// param is a part of the path, decoded; what cannot be decoded matches nothing.
func (c *call) param(name string) string {
	v, err := url.PathUnescape(c.Params(name))
	if err != nil {
		return ""
	}
	return v
}
