package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/gofiber/fiber/v2"
)

// listener is one bound address and what answers there.
type listener struct {
	net.Listener
	name   string // console, public or metrics
	scheme string
	app    *fiber.App   // of console and public
	http   *http.Server // of metrics
}

// bind binds every address of the configuration, so that a mistake shows before anything runs.
func (c Config) bind(ctx context.Context) ([]*listener, error) {
	var all []*listener
	for _, want := range []struct{ name, address string }{{"console", c.Listen}, {"public", c.PublicListen}, {"metrics", c.MetricsListen}} {
		if want.address == "" || (want.name == "public" && c.shared()) {
			continue
		}
		l, err := c.listen(ctx, want.name, want.address)
		if err != nil {
			return nil, errors.Join(err, unbind(all))
		}
		all = append(all, l)
	}
	return all, nil
}

func (c Config) listen(ctx context.Context, name, address string) (*listener, error) {
	var lc net.ListenConfig
	bound, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s address: %w", name, err)
	}
	bound = lingering{bound}
	l := &listener{Listener: bound, name: name, scheme: "http://"}
	if name == "metrics" || c.TLSCert == "" {
		return l, nil
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("TLS certificate: %w", err), bound.Close())
	}
	l.Listener, l.scheme = tls.NewListener(bound, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}), "https://"
	return l, nil
}

func unbind(all []*listener) error {
	var failed error
	for _, l := range all {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// URL is where one of the addresses, "console", "public" or "metrics", is reached on this machine. Where console and
// public share an address, both names mean it; "" for one that is not bound.
func (a *App) URL(name string) string {
	if name == "public" && a.config.shared() {
		name = "console"
	}
	for _, l := range a.listening {
		if l.name == name {
			return l.url()
		}
	}
	return ""
}

func (l *listener) url() string { return l.scheme + host(l.Addr().String()) }

// serve answers until stop.
func (l *listener) serve() error {
	var err error
	if l.app != nil {
		err = l.app.Listener(l.Listener)
	} else {
		err = l.http.Serve(l.Listener)
	}
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// stop takes no more requests and waits for those under way.
func (l *listener) stop() error {
	if l.app != nil {
		return errors.Join(l.app.ShutdownWithTimeout(stopWithin), unbind([]*listener{l}))
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	return l.http.Shutdown(ctx)
}
