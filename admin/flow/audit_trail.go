package flow

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
)

// AuditTrail reads the audit trail, newest first. The query itself goes on record first.
func (f *Flow) AuditTrail(ctx context.Context, a actor.Actor, filter audit.Filter) ([]audit.Record, error) {
	err := f.Audit.Write(ctx, a, audit.Entry{
		Action: "audit.viewed", Object: "audit:list",
		Details: map[string]any{"actor": filter.Actor, "action": filter.Action, "object": filter.Object},
	})
	if err != nil {
		return nil, err
	}
	return audit.List(ctx, f.DB.ReadOnly(ctx), a, filter)
}

// VerifyAudit recomputes the whole trail and puts the result on record.
func (f *Flow) VerifyAudit(ctx context.Context, a actor.Actor) (audit.Report, error) {
	report, err := f.Audit.Verify(ctx)
	if err != nil {
		return audit.Report{}, err
	}
	outcome := audit.OK
	if !report.OK() {
		outcome = audit.Failed
	}
	return report, f.Audit.Write(ctx, a, audit.Entry{
		Action: "audit.verified", Object: "audit:list", Outcome: outcome,
		Details: map[string]any{"entries": report.Entries, "problems": report.Found},
	})
}
