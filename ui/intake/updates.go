package intake

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/fault"
	"caconsole/issuance"
)

type updateAnswer struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	State     string    `json:"state"`
	ToSign    string    `json:"to_sign,omitempty"` // until it is proved
	Token     string    `json:"token,omitempty"`   // in the answer to the proof only
	Sentence  string    `json:"sentence"`
	ExpiresAt time.Time `json:"expires_at"`
}

// update answers with how far a session is, and in a sentence what it waits for.
func (c *call) update(status int, u issuance.Update, token string) error {
	waits, err := c.s.flow.UpdateWaits(c.UserContext(), u)
	if err != nil {
		return err
	}
	said := "update." + u.State
	if waits != "" {
		said += "." + waits
	}
	out := updateAnswer{
		ID: u.ID.String(), Kind: u.Kind, State: u.State, Token: token, Sentence: c.sentence(said, nil), ExpiresAt: u.ExpiresAt,
	}
	if !u.Proved {
		out.ToSign, out.Sentence = u.ToSign, c.sentence("update.to_prove", nil)
	}
	return c.answer(status, out)
}

func postUpdate(c *call) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	var in struct {
		Serial string `json:"serial"`
		CSR    string `json:"csr"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	csr, err := base64.StdEncoding.DecodeString(in.CSR)
	if err != nil {
		return fault.InvalidField("csr", "base64_wrong")
	}
	u, err := c.s.flow.StartUpdate(c.UserContext(), c.actor, key, in.Serial, csr)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, "/api/v1/updates/"+u.ID.String())
	return c.update(http.StatusCreated, u, "")
}

// postUpdateProof answers like getUpdate, with the token for the rest of the session.
func postUpdateProof(c *call) error {
	var in struct {
		Signature string `json:"signature"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	signature, err := base64.StdEncoding.DecodeString(in.Signature)
	if err != nil || len(signature) == 0 {
		return fault.InvalidField("signature", "base64_wrong")
	}
	token, u, err := c.s.flow.ProveUpdate(c.UserContext(), c.actor, c.param("id"), signature)
	if err != nil {
		return err
	}
	return c.update(readyOrNot(u), u, token)
}

// getUpdate answers 200 once the package can be fetched, 202 with a sentence before.
func getUpdate(c *call) error {
	u, err := c.s.flow.UpdateState(c.UserContext(), c.param("id"), bearer(c.Ctx))
	if err != nil {
		return err
	}
	return c.update(readyOrNot(u), u, "")
}

func readyOrNot(u issuance.Update) int {
	if u.State == issuance.StateWaiting {
		return http.StatusAccepted
	}
	return http.StatusOK
}

func getUpdatePackage(c *call) error {
	u, pack, err := c.s.flow.UpdatePackage(c.UserContext(), c.param("id"), bearer(c.Ctx))
	if err != nil {
		return err
	}
	if u.State == issuance.StateWaiting {
		return c.update(http.StatusAccepted, u, "")
	}
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+pack.Name+`"`)
	return c.part("application/x-pem-file", pack.Content)
}

func postUpdateConfirmation(c *call) error {
	var in struct {
		Step string `json:"step"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	u, err := c.s.flow.ConfirmUpdate(c.UserContext(), c.actor, c.param("id"), bearer(c.Ctx), in.Step)
	if err != nil {
		return err
	}
	return c.update(http.StatusOK, u, "")
}
