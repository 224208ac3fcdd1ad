package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/project"
	"caconsole/issuance"
)

// renewable is a certificate pair that may be renewed, with the path it takes and the rules that hold for it now.
type renewable struct {
	Old      issuance.Pair
	Settings project.Settings
	Path     order.Path
}

// renewable finds the pair an applicant means and applies every rule of eligibility. Faults, on the field "serial":
// serial_malformed, serial_unknown, medium_not_serial, those of project.Settings.Renewable, renewal_open (Args no).
func (f *Flow) renewable(ctx context.Context, q pg.Q, typed string) (renewable, error) {
	// Looked up beyond any scope: that a certificate belongs to another project is an answer of its own.
	old, err := f.Issuance.Find(ctx, q, actor.Job("intake"), typed)
	if fault.HasKey(err, "serial_unknown") {
		err = refuseField(fault.NotFound, "serial", "serial_unknown", nil)
	}
	if fault.HasKey(err, "invalid_field") { // a single field: what is wrong with it names the whole
		err = refuseField(fault.Invalid, "serial", fault.Of(err).Fields[0].Key, nil)
	}
	if err != nil {
		return renewable{}, err
	}
	now := f.Now()
	settings, err := f.Projects.Settings(ctx, q, old.ProjectID, now)
	if err != nil {
		return renewable{}, err
	}
	if err := settings.Renewable(oldCertificate(old), now); err != nil {
		return renewable{}, err
	}
	switch open, err := f.Orders.OpenOf(ctx, q, old.ID); {
	case err == nil:
		return renewable{}, refuseField(fault.Conflict, "serial", "renewal_open", fault.Args{"no": open.No})
	case !fault.Is(err, fault.NotFound):
		return renewable{}, err
	}
	path := order.Online
	if old.Expired(now) {
		path = order.Reviewed
	}
	return renewable{Old: old, Settings: settings, Path: path}, nil
}

func oldCertificate(p issuance.Pair) project.OldCertificate {
	return project.OldCertificate{
		SM2: p.Algorithm == issuance.SM2, MediumNo: p.MediumNo, Barred: p.State == issuance.Revoked || p.State == issuance.Held,
		Successor: string(p.SuccessorSerial), Updated: p.State != issuance.Active, NotAfter: p.NotAfter(),
	}
}
