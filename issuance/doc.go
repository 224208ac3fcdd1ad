// Package issuance keeps certificates, the authorisations to renew them, the requests to the signer and the driver's
// updates. It owns no gate: package flow moves those with order.Change and calls this package beside it.
//
// # How flow calls
//
// At start and every minute: Chain (outside a transaction), then KeepAuthority in one. Authorise and Package work from
// what was kept, so neither needs the signer to be up.
//
// When a reviewer approves, in the verdict's transaction:
//
//	auth := Authorise(ctx, tx, grant)                     // the same again for the same content: safe to call for a page
//	message := cert.ApprovalMessage(cert.DutyReview, at, []string{auth.Digest.Hex()})
//	AddApproval(ctx, tx, auth.ID, Approval{…})            // the signature over message; verified before it is stored
//
// When an issuer confirms a batch: one signature over all digests, then for each order, in its transaction, under its
// row lock: AddApproval with the same Approval (same ID), order.Change to reserved, id := Reserve(ctx, tx, orderID),
// and a job whose only argument is id. When approved content changes: Void(ctx, tx, orderID).
//
// The job: issued := Execute(ctx, db.Read(ctx), id) outside a transaction; then in one: order.Change to recorded and
// Record(ctx, tx, id, issued). Execute may be repeated at will, Record too.
//   - Unavailable: try again later.
//   - any other refusal: Resolve(ctx, id). With a result: Record it. Without one the signer never executes this id: in
//     a transaction Closed(ctx, tx, id, reason) and either Reserve again (reason "clock_skew": the request lay too
//     long) or order.Change to failed.
//
// The sweep: Hanging lists requests without an answer; enqueue their job again, or Resolve those that hang for long.
// It never guesses.
//
// A pair that still holds, on the online path: in a transaction, under the order's row lock, StartRenew; with the Ukey's
// signature, likewise, Prove, order.Change to authorised and reserved, and id := Reserve. The rest is as above.
//
// A new encryption key of the key centre, for a request that is not yet made: in a transaction ApplyForKey under the
// request's id to be; AskKey outside one, as often as it takes; in a transaction KeepKey. Its Evidence then goes into
// cert.NewRequestOf under that id.
//
// The driver: StartUpdate → Prove → Session until its State is ready → Package → Confirm twice. Every one of them
// returns the Update with its order, for flow to move the delivery gate: ready → offered, the first confirmation →
// importing, StateConfirmed → confirmed. Confirm marks the old pair renewed itself.
package issuance
