// Package delivery puts a new pair into the forms in which drivers and people take it: the CSRResponse of GM/T 0092, the
// PKCS#7 file of a chain, the SKF structure of a wrapped key. All of it is arrangement of bytes that exist: the key
// centre's envelope is carried, never opened, for nobody here has the key to it.
//
// Standards: GM/T 0092-2020 (CSRResponse), GB/T 35276-2017 (SM2EnvelopedKey), GM/T 0016 (SKF_ImportECCKeyPair), RFC 2315.
package delivery
