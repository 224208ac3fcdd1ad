package nuonuo

import (
	"errors"
	"net/url"

	"caconsole/admin/fault"
)

// Name names the vendor in callbacks.
func (c *Client) Name() string { return "nuonuo" }

// Hint reads the callback's form (operater=callback, orderno, content): orderno is our serial. Nobody signs it.
func (c *Client) Hint(body []byte) (string, error) {
	form, err := url.ParseQuery(string(body))
	if err == nil && form.Get("orderno") == "" {
		err = errors.New("nuonuo: no orderno")
	}
	if err != nil {
		return "", &fault.Error{Kind: fault.Invalid, Key: "callback_unreadable", Cause: err}
	}
	return form.Get("orderno"), nil
}
