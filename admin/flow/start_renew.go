package flow

import (
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// renewWithin is how long the signer may take to execute what a Ukey has authorised, while the certificate holds: after
// a restart it waits for its officers.
const renewWithin = 24 * time.Hour

// startRenew opens a session in which the Ukey authorises the renewal that its holder has paid for.
func (f *Flow) startRenew(ctx context.Context, tx pg.Tx, a actor.Actor, no string, pair issuance.Pair, csr []byte) (issuance.Update, error) {
	o, err := f.Orders.Lock(ctx, tx, a, no)
	if err != nil {
		return issuance.Update{}, err
	}
	if err := f.mayRenew(o, pair); err != nil {
		return issuance.Update{}, err
	}
	digest, err := f.contentDigest(ctx, tx, o)
	if err != nil {
		return issuance.Update{}, err
	}
	expires := f.Now().Add(renewWithin)
	if end := pair.NotAfter(); expires.After(end) {
		expires = end
	}
	return f.Issuance.StartRenew(ctx, tx, issuance.Grant{
		OrderID: o.ID, OrderNo: o.No, OldPair: o.OldPairID, Origin: cert.OriginOnline, Content: cert.Digest(digest),
		Years: o.Years, Keys: keyRule(csr), Expires: expires,
	}, csr)
}

// keyRule says where the keys of a pair come from that a driver asks for.
func keyRule(csr []byte) string {
	if len(csr) > 0 {
		return cert.CSRKeys
	}
	return cert.KeepKeys
}

// mayRenew says what stands in the way of a holder's authorisation, on the field "serial": consent_missing,
// telecom_mismatch, update_unpaid, revoked, renew_expired (the end of the certificate has come; the order goes on by
// review), update_not_yet.
func (f *Flow) mayRenew(o order.Order, pair issuance.Pair) error {
	g := o.Gates
	refused := ""
	switch {
	case g.Consent != order.Given:
		refused = "consent_missing"
	case g.Telecom == order.Mismatch:
		refused = "telecom_mismatch"
	case g.Payment == order.None || g.Payment == order.Awaiting:
		refused = "update_unpaid"
	case pair.State != issuance.Active:
		refused = "revoked"
	case pair.Expired(f.Now()):
		refused = "renew_expired"
	case !g.ReadyForHolder():
		refused = "update_not_yet"
	default:
		return nil
	}
	return refuseField(fault.Conflict, "serial", refused, nil)
}
