// Package signer holds the CA key. It runs as a process of its own, under its own user and, unless told otherwise,
// without a network, and answers the console over a Unix socket.
//
// It does not trust the console. Whatever it is asked to sign must follow from an authorisation, and the authorisation's
// origin says who must have signed it: a reviewer and an issuer (reviewed), two issuers (manual), or the key of the still
// valid certificate (online). Staff sign by Ukey (SM2), by passkey (WebAuthn), or, a reviewer only, by a browser's key
// that a passkey delegated to for a shift. The signer verifies all of it itself, by its own registry of staff keys, which
// only key officers change, k of them together. A CSR's key counts if the old Ukey proved the CSR; a key centre's key if
// a centre that was named at init signed for it; an old pair if an issuer that was named at init signed it. The console
// hands over no certificate body: the signer works that out by its own copy of the profile and lints it before the CA
// key is used. What was revoked proves nothing any more.
//
// One authorisation gives one pair, one request id one answer. The journal (journal.jsonl) makes both hold over a
// crash at any point: intent, fsync, sign, issued, fsync, and only then the answer; callers at the same time share an
// fsync. What was never answered can be closed, and then never happens; its serials go on the revocation list.
//
// The CA key is sealed under a random key that its officers share (Shamir, k of n). The process starts locked and opens
// the key when k of them have given their shares, on a socket of its own; then it stays open. A key in a device takes its
// place by the Key interface.
//
// A data directory holds
//
//	ca.key.json    CA key, PKCS#8, SM4-GCM under the officers' key
//	root.key.json  root key, likewise; nothing reads it in daily work: take it off the machine
//	ca.pem root.pem old.pem kmc.pem  issuing certificate, root, issuers of old pairs, key centres
//	profile.json registry.json       the first profile and the first staff keys; changes are in the journal
//	settings.json  what else init fixed
//	issuing.crl    the last revocation list
//	journal.jsonl  the journal; its first record pins the digests of the .pem files and of the three above
//
// All of the journal is kept in memory by what requests ask of it, about 1 kB for an issuance.
//
// Known limits. When an approval was given is its key's own word: it must lie before the authorisation's end, and one by
// a delegation is first taken at most 31 days after the delegation's end; a stolen key can say "yesterday" within these.
// Officers sign a change by keys that hold when it comes, and no change leaves fewer than init demanded. The journal's
// hashes need no secret: somebody who can write its file can cut it or leave records out. What they cannot do is add what
// people must sign for, because every signature but those under issuances that were answered is verified at the start;
// cut records are noticed by the console, which keeps the heads of the answers and compares both ways. The shares are
// checked against digests, so that an officer cannot spoil an opening; a share seen by another is a share lost, and there
// is no way to split the key anew but a new ceremony. Key and shares lie in the memory of a Go program: it leaves no core
// dump, it is locked against swapping where the system allows that, but copies the runtime made are not wiped.
package signer
