// Package signer holds the CA key. It runs as a process of its own, under its own user and without a network, and
// answers the console over a Unix socket.
//
// It does not trust the console. Whatever it is asked to sign must follow from an authorisation that two members of
// staff approved with keys of the signer's own list (fixed at init), and from the holder's old pair, which an issuer
// of the signer's own list must have signed. The console hands it no certificate body: the signer works that out by
// its own copy of the profile and lints it before the CA key is used.
//
// One authorisation gives one pair, one request id one answer. The journal (journal.jsonl) makes both hold over a
// crash at any point: intent, fsync, sign, issued, fsync, and only then the answer. What was never answered can be
// closed, and then never happens.
//
// A data directory holds
//
//	ca.key.pem    CA key, PKCS#8, SM4-GCM under the passphrase (PBKDF2-HMAC-SM3)
//	root.key.pem  root key, likewise; nothing reads it in daily work: take it off the machine
//	ca.pem root.pem old.pem   issuing certificate, root, and the issuers of the old pairs that may be renewed
//	profile.json staff.jsonl  the signer's own profile and list of approvers
//	journal.jsonl             the journal; its first record pins the digests of the five files above
package signer
