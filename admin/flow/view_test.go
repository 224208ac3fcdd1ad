package flow_test

import (
	"bytes"
	"image/jpeg"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/identity"
)

// views counts what was put on record as seen.
func (h *house) views(action string) int {
	h.t.Helper()
	return read[int](h, "SELECT count(*) FROM audit_entry WHERE action = ?", action)
}

// A page of a paper is shown to whoever may see its order, through that order, on record first and with who looks
// burnt in.
func TestPaperIsViewed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r, other := h.apply().papers(), h.apply()
	c, err := h.Case(t.Context(), h.reviewer, r.no)
	require.NoError(t, err)
	require.Len(t, c.Papers, 2)
	form := c.Papers[0]
	require.Equal(t, document.ApplicationForm, form.Kind)
	done := false
	for !done {
		done, err = h.Documents.RenderPages(t.Context(), form.ID)
		require.NoError(t, err)
	}
	stranger := actor.Actor{Kind: actor.Staff, ID: h.reviewer.ID, Projects: []uuid.UUID{uuid.New()}}
	for name, c := range map[string]struct {
		who actor.Actor
		no  string
		id  uuid.UUID
		key string
	}{
		"another order's": {h.reviewer, other.no, form.ID, "document_unknown"},
		"no such paper":   {h.reviewer, r.no, uuid.New(), "document_unknown"},
		"another project": {stranger, r.no, form.ID, "order_unknown"},
	} {
		_, err := h.ViewPaper(t.Context(), c.who, c.no, c.id, 1, document.Small, "张三 0217")
		require.Equal(t, c.key, key(err), name)
	}
	require.Zero(t, h.views("document.viewed"), "what was not shown is not on record as shown")

	one, err := h.ViewPaper(t.Context(), h.reviewer, r.no, form.ID, 1, document.Small, "张三 0217")
	require.NoError(t, err)
	two, err := h.ViewPaper(t.Context(), h.reviewer2, r.no, form.ID, 1, document.Small, "李四 0132")
	require.NoError(t, err)
	require.NotEqual(t, one.Body, two.Body, "the viewer's mark is in the picture")
	require.Equal(t, 2, h.views("document.viewed"))
	require.Equal(t, h.reviewer2.ID, read[uuid.UUID](h, "SELECT actor_id FROM audit_entry WHERE action = 'document.viewed' ORDER BY at DESC, id DESC LIMIT 1"))
}

func TestFaceIsViewed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r, other := h.apply().papers(), h.apply()
	try := r.begun()
	result := passed(agentName, agentNumber)
	result.Pictures[identity.BestFrame] = scan(120)
	h.face.answer(result, nil)
	require.NoError(t, h.IdentityResult(t.Context(), try))

	_, err := h.ViewFace(t.Context(), h.reviewer, other.no, try, identity.BestFrame, "张三 0217")
	require.True(t, fault.HasKey(err, "image_unknown"), "%v", err)
	require.Zero(t, h.views("identity.viewed"))
	_, err = h.ViewFace(t.Context(), h.reviewer, r.no, try, identity.CardFront, "张三 0217")
	require.True(t, fault.HasKey(err, "image_unknown"), "%v", err)
	picture, err := h.ViewFace(t.Context(), h.reviewer, r.no, try, identity.BestFrame, "张三 0217")
	require.NoError(t, err)
	require.NotEqual(t, result.Pictures[identity.BestFrame], picture)
	_, err = jpeg.Decode(bytes.NewReader(picture))
	require.NoError(t, err)
	require.Equal(t, 2, h.views("identity.viewed"))
}

// The case names everything a reviewer needs, and its digest is the content's.
func TestCase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().claimed(h.reviewer)
	c, err := h.Case(t.Context(), h.reviewer2, r.no)
	require.NoError(t, err)
	require.Equal(t, h.reviewer.ID, *c.Line.ClaimStaff)
	require.Len(t, c.Attempts, 1)
	require.Equal(t, identity.Passed, c.Attempts[0].State)
	require.Equal(t, identity.Match, c.Check.Outcome)
	require.Equal(t, r.pair.ID, c.Old.ID)
	require.NotEmpty(t, c.Events)
	again, err := h.Case(t.Context(), h.reviewer2, r.no)
	require.NoError(t, err)
	require.Equal(t, c.Digest, again.Digest)
	require.NoError(t, r.upload(document.BusinessLicence, 33))
	changed, err := h.Case(t.Context(), h.reviewer2, r.no)
	require.NoError(t, err)
	require.NotEqual(t, c.Digest, changed.Digest)
	require.Len(t, changed.Papers, 2, "the replaced one is no longer in force")
}
