// Package kmc simulates a key management centre (密钥管理中心): it makes SM2 encryption keys for the owners of sign keys,
// keeps them for recovery and hands them out wrapped, so that only the owner's Ukey can open them.
//
// The protocol is our own, modelled on the key application of GM/T 0014: JSON over HTTP, one call.
//
//	POST /kmc/v1/keys
//	{"request_id": UUID, "sign_key": SPKI, "user_id": text, "not_before": RFC 3339, "not_after": RFC 3339}
//	200 {"request_id": …, "enc_key": SPKI, "enveloped": SM2EnvelopedKey, "centre": hex SM3 of the centre's certificate,
//	     "signature": SM2-SM3, default ID, DER, over
//	       "caconsole/kmc/1\n" request_id "\n" hex SM3(sign_key) "\n" hex SM3(enc_key) "\n" hex SM3(enveloped)}
//	409 {"code": "id_reused"}, 422 {"code": "request_malformed" | "key_malformed"}, 403 {"code": "signature_wrong"}
//
//	GET /kmc/v1/certificate   the centre's certificate, PEM
//
// Binary values are base64 of DER. The same request gets the same answer at any time; the same id with another content
// is refused. Where a requester is registered, X-KMC-Signature holds its SM2 signature (DER, base64) over
// "caconsole/kmc-request/1\n" and the body.
package kmc
