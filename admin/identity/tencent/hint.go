package tencent

import (
	"encoding/json"
	"errors"

	"caconsole/admin/fault"
)

// Hint reads what the face page posts when it is done: {"BizToken", "Extra"}. The token is a secret of 128 bits, so
// a body that names a known one comes from somebody who was there; it still proves nothing.
func (c *Client) Hint(body []byte) (string, error) {
	var in struct{ BizToken string }
	err := json.Unmarshal(body, &in)
	if err == nil && in.BizToken == "" {
		err = errors.New("tencent: no BizToken")
	}
	if err != nil {
		return "", &fault.Error{Kind: fault.Invalid, Key: "callback_unreadable", Cause: err}
	}
	return in.BizToken, nil
}
