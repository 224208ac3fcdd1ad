package signer

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"slices"

	"caconsole/admin/fault"
)

// PEMPair is a certificate with its key, as read from two files.
type PEMPair struct{ Cert, Key []byte }

// ListenTLS opens a TCP port for a console on another host: TLS 1.3 with certificates of both sides. The console's is
// known by the SHA-256 (hex) of its SubjectPublicKeyInfo alone: no CA can make a second one that fits. The certificates
// are ECDSA or RSA, for crypto/tls has no SM2. Fails with Invalid "console_pin_malformed", "tls_pair_malformed", or as
// Internal "socket_failed".
func ListenTLS(address string, pair PEMPair, pins []string) (net.Listener, error) {
	allowed := make([][sha256.Size]byte, 0, len(pins))
	for _, p := range pins {
		raw, err := hex.DecodeString(p)
		if err != nil || len(raw) != sha256.Size {
			return nil, &fault.Error{Kind: fault.Invalid, Key: "console_pin_malformed", Cause: err}
		}
		allowed = append(allowed, [sha256.Size]byte(raw))
	}
	if len(allowed) == 0 {
		return nil, &fault.Error{Kind: fault.Invalid, Key: "console_pin_malformed", Cause: errors.New("no pin: nobody could connect")}
	}
	own, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Key: "tls_pair_malformed", Cause: err}
	}
	l, err := tls.Listen("tcp", address, &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAnyClientCert,
		SessionTicketsDisabled: true, NextProtos: []string{"http/1.1"},
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 || !slices.Contains(allowed, sha256.Sum256(s.PeerCertificates[0].RawSubjectPublicKeyInfo)) {
				return fmt.Errorf("console of another key cut off")
			}
			return nil
		},
	})
	return l, fault.Wrap("socket_failed", err)
}
