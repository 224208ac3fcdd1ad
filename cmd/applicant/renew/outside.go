package renew

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"caconsole/cmd/applicant/ports"
)

// outsideTries is how often a simulator is asked: it may be told to fail now and then.
const outsideTries = 12

// at is the address of a simulator, with a path. It is looked up each time: simulators that were restarted listen
// elsewhere.
func (r *robot) at(simulator, path string) func() string {
	return func() string {
		if list, err := ports.Read(r.opt.Ports); err == nil && list.Get(simulator) != "" {
			return list.Get(simulator) + path
		}
		return r.ports.Get(simulator) + path
	}
}

// outside sends a request to one of the simulators, which stand for the phone, the wallet and the face page, and gives
// its answer of 200 to read (nil to drop it).
func (r *robot) outside(ctx context.Context, method string, address func() string, contentType string, body []byte, read func(*http.Response) error) error {
	for try := 1; ; try++ {
		status, err := r.outsideOnce(ctx, method, address(), contentType, body, read)
		if err == nil || ctx.Err() != nil || try == outsideTries || status/100 == 4 {
			return err
		}
		r.opt.Log.WarnContext(ctx, "simulator did not answer, trying again", "error", err)
		if err := sleep(ctx, min(time.Duration(try)*300*time.Millisecond, longestPause)); err != nil {
			return err
		}
	}
}

func (r *robot) outsideOnce(ctx context.Context, method, address, contentType string, body []byte, read func(*http.Response) error) (int, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(string(body)))
	if err != nil {
		return 0, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 300)) // what it says is only for the message
		return resp.StatusCode, fmt.Errorf("answer %d: %s", resp.StatusCode, strings.TrimSpace(string(said)))
	}
	if read == nil {
		return resp.StatusCode, nil
	}
	return resp.StatusCode, read(resp)
}
