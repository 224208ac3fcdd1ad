package staffkey

import (
	"slices"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// Compose makes a change of the registry that the signer will take once its officers have signed it, or says why it
// would not. Fails with Invalid "registry_change_empty", "registry_change_malformed" and as cert.NewTrust does.
func Compose(t *cert.Trust, add []cert.StaffKey, revoke []string) (cert.RegistryChange, error) {
	if len(add)+len(revoke) == 0 {
		return cert.RegistryChange{}, fault.New(fault.Invalid, "registry_change_empty", nil)
	}
	r := t.Registry()
	c := r.Change(r.Officers, add, revoke)
	if _, err := cert.ParseRegistryChange(c.Canonical()); err != nil {
		return c, err
	}
	next, err := r.Apply(c)
	if err != nil {
		return c, err
	}
	_, err = cert.NewTrust(t.Rules(), next)
	return c, err
}

// Left is what a change would still do to a registry that has moved meanwhile: keys that are not there yet, keys that
// are there still.
func Left(c cert.RegistryChange, r cert.Registry) (add []cert.StaffKey, revoke []string) {
	has := func(id string) bool {
		return slices.ContainsFunc(r.Keys, func(k cert.StaffKey) bool { return k.ID() == id })
	}
	for _, k := range c.Add {
		if !has(k.ID()) && !slices.Contains(r.Revoked, k.ID()) {
			add = append(add, k)
		}
	}
	for _, id := range c.Revoke {
		if has(id) {
			revoke = append(revoke, id)
		}
	}
	return add, revoke
}

// Difference says how a key's person is no longer who the registry says, as a word of the catalogue; "" where they are.
func Difference(k cert.StaffKey, known, active bool, login, no string, roles []string) string {
	switch {
	case !known:
		return "gone"
	case !active:
		return "suspended"
	case login != k.Login || no != k.No:
		return "renamed"
	case !slices.Equal(slices.Sorted(slices.Values(roles)), slices.Sorted(slices.Values(k.Roles))):
		return "roles"
	}
	return ""
}
