package intake

import "net/http"

// getHealth says that the process runs.
func getHealth(c *call) error {
	return c.answer(http.StatusOK, struct {
		Status string `json:"status"`
	}{"ok"})
}

// getReady says that requests can be served; otherwise 503 with the reason as a problem.
func getReady(c *call) error {
	if err := c.s.ready(c.UserContext()); err != nil {
		return err
	}
	return getHealth(c)
}
