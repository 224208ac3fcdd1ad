package flow_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/order"
)

// TestCourseOfAnOrder takes one order through every stage of the reviewed path.
func TestCourseOfAnOrder(t *testing.T) {
	h := newHouse(t)
	r := h.inReview().approved().confirmed()
	h.work()
	require.Equal(t, order.StageUpdate, r.order().Stage)
	require.Equal(t, 1, r.newPairs())
}
