// Package cert is the common language of the console and the signer: serial numbers, the certificate profile, the two
// canonical objects (authorisation and request), what is signed to approve them, the rule that works out the validity,
// and the building and linting of a pair of SM2 certificates.
//
// It knows no database, no network and no clock. The console and the signer run the same code here, on different
// sides of a process boundary: the console to propose, the signer to check that what is proposed follows from what
// was approved.
//
// Standards: GM/T 0015 and GB/T 20518 (certificate format), GM/T 0009 (SM2 signature and default ID), RFC 5280,
// RFC 8785 (canonical JSON). All digests are SM3.
package cert
