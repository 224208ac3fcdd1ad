package rbac

import (
	"context"
	"slices"
	"strings"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// Allow gives a role a permission; giving it twice changes nothing. All processes know once tx is committed.
// Errors: Invalid role_unknown, permission_unknown.
func Allow(ctx context.Context, tx pg.Tx, role, permission string) error {
	r, err := right(role, permission)
	if err != nil {
		return err
	}
	return insert(ctx, tx, r)
}

// Deny takes from a role a permission that was given to this very role. What it has by another role it keeps.
// Errors: Invalid role_unknown, permission_unknown; NotFound right_not_held.
func Deny(ctx context.Context, tx pg.Tx, role, permission string) error {
	r, err := right(role, permission)
	if err != nil {
		return err
	}
	removed, err := remove(ctx, tx, r)
	if err != nil {
		return err
	}
	if !removed {
		return fault.New(fault.NotFound, "right_not_held", fault.Args{"role": role, "permission": permission})
	}
	return nil
}

func right(role, permission string) (rule, error) {
	if !slices.Contains(Roles(), role) {
		return rule{}, fault.New(fault.Invalid, "role_unknown", fault.Args{"role": role})
	}
	if !slices.Contains(All(), permission) {
		return rule{}, fault.New(fault.Invalid, "permission_unknown", fault.Args{"permission": permission})
	}
	noun, verb, _ := strings.Cut(permission, ":")
	return rule{Ptype: "p", V0: role, V1: noun, V2: verb}, nil
}
