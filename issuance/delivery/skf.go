package delivery

import (
	"encoding/binary"
	"math/big"

	"caconsole/issuance/cert"
)

// Sizes and codes of GM/T 0016's structures, packed, little endian. Numbers of 256 bits stand at the right of a field
// of 512.
const (
	skfField   = 64 // ECC_MAX_XCOORDINATE_BITS_LEN / 8
	skfVersion = 1  // of ENVELOPEDKEYBLOB
	skfBits    = 256
	sgdSM4ECB  = 0x00000401
)

// SKFBlob makes the ENVELOPEDKEYBLOB that SKF_ImportECCKeyPair takes, from the key centre's SM2EnvelopedKey: the same
// numbers in another order, 388 bytes.
//
//	ENVELOPEDKEYBLOB { ULONG Version; ULONG ulSymmAlgID; ULONG ulBits; BYTE cbEncryptedPriKey[64];
//	                   ECCPUBLICKEYBLOB PubKey; ECCCIPHERBLOB ECCCipherBlob }
//	ECCPUBLICKEYBLOB { ULONG BitLen; BYTE XCoordinate[64]; BYTE YCoordinate[64] }
//	ECCCIPHERBLOB    { BYTE XCoordinate[64]; BYTE YCoordinate[64]; BYTE HASH[32]; ULONG CipherLen; BYTE Cipher[] }
//
// Fails with Invalid "envelope_malformed".
func SKFBlob(envelope []byte) ([]byte, error) {
	e, err := cert.ParseEnvelope(envelope)
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, n := range []uint32{skfVersion, sgdSM4ECB, skfBits} {
		out = binary.LittleEndian.AppendUint32(out, n)
	}
	out = append(out, right(e.Wrapped)...)
	out = binary.LittleEndian.AppendUint32(out, skfBits)
	point, err := e.Point()
	if err != nil {
		return nil, err
	}
	out = append(out, right(point[:len(point)/2])...)
	out = append(out, right(point[len(point)/2:])...)
	for _, n := range []*big.Int{e.Cipher.X, e.Cipher.Y} {
		out = append(out, n.FillBytes(make([]byte, skfField))...)
	}
	out = append(out, e.Cipher.Hash...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(e.Cipher.Text))) //nolint:gosec // 16, checked when parsed
	return append(out, e.Cipher.Text...), nil
}

// right puts bytes at the right end of a field.
func right(b []byte) []byte {
	out := make([]byte, skfField)
	copy(out[skfField-len(b):], b)
	return out
}
