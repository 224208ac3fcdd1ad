package tencent

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"

	"caconsole/admin/fault"
)

// Hint reads what the face page posts when it is done: {"BizToken", "Extra"}, or the query with which it sends the phone back to RedirectUrl. The token is a secret of 128 bits, so
// a body that names a known one comes from somebody who was there; it still proves nothing.
func (c *Client) Hint(body []byte) (string, error) {
	var in struct{ BizToken string }
	var err error
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		err = json.Unmarshal(body, &in)
	} else {
		var query url.Values
		query, err = url.ParseQuery(string(body))
		in.BizToken = query.Get("BizToken")
	}
	if err == nil && in.BizToken == "" {
		err = errors.New("tencent: no BizToken")
	}
	if err != nil {
		return "", &fault.Error{Kind: fault.Invalid, Key: "callback_unreadable", Cause: err}
	}
	return in.BizToken, nil
}
