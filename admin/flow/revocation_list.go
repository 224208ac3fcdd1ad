package flow

import (
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/issuance"
)

// How often one address may fetch the list.
const (
	listFetches    = 600
	listFetchesPer = 10 * time.Minute
)

// RevocationList tells of the list that certificates name in cRLDistributionPoints, issuing.crl; what stands on it is asked
// for by its number. Fails with NotFound "crl_unknown" for any other name, Unavailable "crl_not_yet" before the first one,
// too_many_attempts.
func (f *Flow) RevocationList(ctx context.Context, a actor.Actor, name string) (issuance.List, error) {
	if name != "issuing.crl" {
		return issuance.List{}, fault.New(fault.NotFound, "crl_unknown", nil)
	}
	if err := f.Throttle.Take(ctx, "crl:ip:"+a.IP, listFetches, listFetchesPer); err != nil {
		return issuance.List{}, err
	}
	l, err := f.Issuance.LastListHead(ctx, f.DB.Read(ctx))
	if fault.HasKey(err, "crl_unknown") || fault.HasKey(err, "signer_unknown") {
		err = fault.Down("crl_not_yet", time.Minute, nil)
	}
	return l, err
}

// RevocationListContent returns the list of a number, DER. NotFound "crl_unknown".
func (f *Flow) RevocationListContent(ctx context.Context, number uint64) ([]byte, error) {
	l, err := f.Issuance.ListNumber(ctx, f.DB.Read(ctx), number)
	return l.DER, err
}
