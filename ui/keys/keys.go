// Package keys is where staff ask for the keys they sign with to count, and where the key officers say which do: the
// signer's registry, changed by k of them together.
package keys

import (
	"embed"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/issuance/cert"
	"caconsole/rbac"
	"caconsole/ui/page"
)

//go:embed *.html zh.json en.json
var files embed.FS

// Deps are what the area works with.
type Deps struct {
	Flow *flow.Flow
}

// Routes adds the area.
func Routes(r *page.Router, d Deps) {
	r.Templates("keys", files)
	r.Get("/my-keys", rbac.KeyEnrol, d.mine)
	r.Post("/my-keys/challenge", rbac.KeyEnrol, d.challenge)
	r.Post("/my-keys/ukey", rbac.KeyEnrol, d.ukey)
	r.Post("/my-keys/passkey", rbac.KeyEnrol, d.passkey)
	r.Post("/my-keys/:id/withdraw", rbac.KeyEnrol, d.withdraw)
	r.Post("/delegation", rbac.CaseDecide, d.delegate)
	r.Post("/delegation/offer", rbac.CaseDecide, d.offer)
	r.Post("/delegation/end", rbac.CaseDecide, d.endDelegation)
	r.Get("/keys", rbac.RegistryView, d.registry)
	r.Post("/keys/change", rbac.RegistryChange, d.compose)
	r.Post("/keys/change/to-sign", rbac.RegistryChange, d.toSign)
	r.Post("/keys/change/sign", rbac.RegistryChange, d.sign)
	r.Post("/keys/change/withdraw", rbac.RegistryChange, d.drop)
	r.Post("/keys/requests/:id/refuse", rbac.RegistryChange, d.refuse)
}

// id reads a path's id. Fails with NotFound "key_request_unknown".
func id(c *page.Ctx) (uuid.UUID, error) {
	parsed, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return uuid.Nil, fault.New(fault.NotFound, "key_request_unknown", nil)
	}
	return parsed, nil
}

// kind is a key's kind and where it lies, in words.
func kind(c *page.Ctx, of, storage string) string {
	if of == cert.KindSM2 && storage == cert.SoftwareKey {
		return c.T("staffkeys.kind.software", nil)
	}
	return c.T("staffkeys.kind."+of, nil)
}
