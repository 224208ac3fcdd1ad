package load

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// perAddress is how many applicants share an address: a console lets one address ask for 300 login codes in ten minutes,
// and an office has fewer.
const perAddress = 100

// lines are the applicants' lines to the outside. On one machine every group of applicants dials from a loopback address
// of its own, as different offices would.
type lines struct {
	mu   sync.Mutex
	each map[int]http.RoundTripper
}

// of is the line of an applicant.
func (l *lines) of(number int) http.RoundTripper {
	l.mu.Lock()
	defer l.mu.Unlock()
	group := number / perAddress
	if l.each == nil {
		l.each = map[int]http.RoundTripper{}
	}
	if l.each[group] == nil {
		l.each[group] = line(group)
	}
	return l.each[group]
}

func line(group int) http.RoundTripper {
	plain := &net.Dialer{Timeout: 10 * time.Second}
	own := &net.Dialer{Timeout: 10 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 1, byte(group/250), byte(1+group%250))}} //nolint:gosec // below 256
	return &http.Transport{
		MaxIdleConnsPerHost: perAddress, IdleConnTimeout: time.Minute,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if !loopback(address) {
				return plain.DialContext(ctx, network, address)
			}
			if c, err := own.DialContext(ctx, "tcp4", address); err == nil {
				return c, nil
			}
			return plain.DialContext(ctx, network, address) // a server that listens on ::1 alone
		},
	}
}

// loopback reports whether an address is this machine's own.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
