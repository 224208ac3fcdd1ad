package intake

import (
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/seal"
)

// etag is the strong validator of a body.
func etag(body []byte) string {
	return `"` + hex.EncodeToString(seal.Digest(body)[:16]) + `"`
}

// matches reports whether an If-None-Match or If-Range header names the tag.
func matches(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == "*" || subtle.ConstantTimeCompare([]byte(one), []byte(tag)) == 1 {
			return true
		}
	}
	return false
}

// unlessSame answers 304 where the caller has this very body, and the body with its tag otherwise.
func (c *call) unlessSame(contentType string, body []byte) error {
	tag := etag(body)
	c.Set(fiber.HeaderETag, tag)
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	if matches(c.Get(fiber.HeaderIfNoneMatch), tag) {
		return c.SendStatus(http.StatusNotModified)
	}
	c.Set(fiber.HeaderContentType, contentType)
	return c.Status(http.StatusOK).Send(body)
}

// part sends a file or the one range of it that was asked for, so that a broken download goes on where it stopped
// (RFC 9110 section 14). Several ranges at once are answered with the whole.
func (c *call) part(contentType string, body []byte) error {
	tag := etag(body)
	c.Set(fiber.HeaderETag, tag)
	c.Set(fiber.HeaderAcceptRanges, "bytes")
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	c.Set(fiber.HeaderContentType, contentType)
	wanted := c.Get(fiber.HeaderRange)
	if same := c.Get(fiber.HeaderIfRange); same != "" && !matches(same, tag) {
		wanted = ""
	}
	from, to, state := readRange(wanted, len(body))
	switch state {
	case wholeBody:
		return c.Status(http.StatusOK).Send(body)
	case outsideBody:
		c.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes */%d", len(body)))
		return c.SendStatus(http.StatusRequestedRangeNotSatisfiable)
	default:
		c.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes %d-%d/%d", from, to, len(body)))
		return c.Status(http.StatusPartialContent).Send(body[from : to+1])
	}
}

type rangeState int

const (
	wholeBody rangeState = iota
	partOfBody
	outsideBody
)

// readRange reads "bytes=a-b", "bytes=a-" or "bytes=-n" against a size; from and to are inclusive.
func readRange(header string, size int) (from, to int, state rangeState) {
	spec, ok := strings.CutPrefix(strings.ReplaceAll(header, " ", ""), "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash || strings.Contains(spec, ",") {
		return 0, 0, wholeBody
	}
	if first == "" {
		n, err := strconv.Atoi(last)
		if err != nil {
			return 0, 0, wholeBody
		}
		if n <= 0 || size == 0 {
			return 0, 0, outsideBody
		}
		return max(0, size-n), size - 1, partOfBody
	}
	from, err := strconv.Atoi(first)
	if err != nil || from < 0 {
		return 0, 0, wholeBody
	}
	to = size - 1
	if last != "" {
		if to, err = strconv.Atoi(last); err != nil || to < from {
			return 0, 0, wholeBody
		}
	}
	if from >= size {
		return 0, 0, outsideBody
	}
	return from, min(to, size-1), partOfBody
}
