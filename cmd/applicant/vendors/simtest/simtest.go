// Package simtest is what the tests of several simulators share.
package simtest

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"
	"time"
)

// Noon is when the tests begin.
var Noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

// Clock is a time that a test moves.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock starts at Noon.
func NewClock() *Clock { return &Clock{at: Noon} }

// Now tells the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Move moves it on.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Keys are the merchant's and the vendor's, made once: that takes a while.
var Keys = sync.OnceValue(func() (k [2]*rsa.PrivateKey) {
	for i := range k {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		k[i] = key
	}
	return k
})
