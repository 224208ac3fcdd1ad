package app

import (
	"io"
	"net"
	"time"
)

// How long, and for how many bytes, a connection is still read after our side has ended it.
const (
	lingerFor   = 2 * time.Second
	lingerBytes = 32 << 20
)

// lingering is a listener whose connections are closed so that the last answer arrives. A body that is too large is
// refused by its announced length while the client still sends it; closed at once, the kernel would answer what still
// comes with a reset and the client would see a broken connection instead of the sentence.
type lingering struct{ net.Listener }

func (l lingering) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		return &lingeringConn{tcp}, err
	}
	return c, err
}

type lingeringConn struct{ *net.TCPConn }

// Close ends our side, lets the other one finish what it is sending, and closes.
func (c *lingeringConn) Close() error {
	if c.CloseWrite() == nil {
		enough := time.AfterFunc(lingerFor, func() { _ = c.CloseRead() }) // by the machine's clock, whatever ours says
		defer enough.Stop()
		_, _ = io.CopyN(io.Discard, c.TCPConn, lingerBytes) // the answer has left; what comes now no one reads
	}
	return c.TCPConn.Close()
}
