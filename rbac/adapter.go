package rbac

import (
	"errors"

	"github.com/casbin/casbin/v2/model"
	"github.com/casbin/casbin/v2/persist"
)

// adapter feeds Casbin the rules of one version. Casbin writes none.
type adapter struct{ rules []rule }

var _ persist.Adapter = adapter{}

var errReadOnly = errors.New("rbac: rules are changed in the database")

// LoadPolicy implements persist.Adapter.
func (a adapter) LoadPolicy(m model.Model) error {
	for _, r := range a.rules {
		if err := persist.LoadPolicyArray(r.fields(), m); err != nil {
			return err
		}
	}
	return nil
}

// SavePolicy implements persist.Adapter.
func (adapter) SavePolicy(model.Model) error { return errReadOnly }

// AddPolicy implements persist.Adapter.
func (adapter) AddPolicy(string, string, []string) error { return errReadOnly }

// RemovePolicy implements persist.Adapter.
func (adapter) RemovePolicy(string, string, []string) error { return errReadOnly }

// RemoveFilteredPolicy implements persist.Adapter.
func (adapter) RemoveFilteredPolicy(string, string, int, ...string) error { return errReadOnly }
