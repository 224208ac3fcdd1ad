package signer

import (
	"errors"
	"fmt"
	"io"
)

// Shamir's secret sharing over GF(2^8) with the polynomial of AES, x^8 + x^4 + x^3 + x + 1 (Shamir, How to Share a
// Secret, CACM 22:11, 1979). Each octet of the secret is the constant term of a random polynomial of degree k-1; share
// i holds the values at i. No tables and no branches on secrets.

// maxShares is how many points other than zero the field has.
const maxShares = 255

// split makes n shares of a secret, any k of which give it back. Share i is for the point i+1.
func split(random io.Reader, secret []byte, k, n int) ([][]byte, error) {
	if k < 1 || n < k || n > maxShares || len(secret) == 0 {
		return nil, fmt.Errorf("signer: %d of %d shares of %d octets", k, n, len(secret))
	}
	coefficients := make([]byte, k*len(secret))
	defer clear(coefficients)
	if _, err := io.ReadFull(random, coefficients[len(secret):]); err != nil {
		return nil, err
	}
	copy(coefficients, secret)
	shares := make([][]byte, n)
	for i := range shares {
		shares[i] = make([]byte, len(secret))
		for j := range secret {
			var y byte
			for c := k - 1; c >= 0; c-- { // Horner
				y = mul(y, byte(i+1)) ^ coefficients[c*len(secret)+j]
			}
			shares[i][j] = y
		}
	}
	return shares, nil
}

// combine gives the secret back from shares by their points. Too few, or a wrong one, give another secret and no error:
// what the secret opens must be authenticated.
func combine(shares map[byte][]byte) ([]byte, error) {
	var secret []byte
	for x, share := range shares {
		if secret == nil {
			secret = make([]byte, len(share))
		}
		if x == 0 || len(share) != len(secret) || len(share) == 0 {
			return nil, errors.New("signer: shares of different secrets")
		}
		weight := byte(1) // Lagrange's basis at zero
		for other := range shares {
			if other != x {
				weight = mul(weight, mul(other, inverse(other^x)))
			}
		}
		for j := range share {
			secret[j] ^= mul(weight, share[j])
		}
	}
	if secret == nil {
		return nil, errors.New("signer: no shares")
	}
	return secret, nil
}

// mul multiplies in GF(2^8).
func mul(a, b byte) byte {
	var p byte
	for range 8 {
		p ^= a & -(b & 1)
		a = a<<1 ^ 0x1b&-(a>>7)
		b >>= 1
	}
	return p
}

// inverse is a^254, which is 1/a, and 0 for 0.
func inverse(a byte) byte {
	out := a
	for range 6 {
		a = mul(a, a)
		out = mul(out, a)
	}
	return mul(out, out)
}
