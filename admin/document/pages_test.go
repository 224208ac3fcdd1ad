package document_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/signintech/gopdf"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/document"
	"caconsole/admin/document/form"
	"caconsole/admin/fault"
)

var mark = document.Mark{Viewer: "李晓雯 0217", OrderNo: "R26112200317", Purpose: "仅供续期审核"}

func TestPageImagesOfAPDF(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	q := d.db.Read(t.Context())
	reviewer := actor.Actor{Kind: actor.Staff, Projects: []uuid.UUID{d.project}}
	doc, err := d.upload(t, document.BusinessLicence, asPDF(t, 3, gopdf.PDFProtectionConfig{}), document.Claim{})
	require.NoError(t, err)

	_, err = d.Page(t.Context(), q, reviewer, doc.ID, 1, document.Small, mark)
	require.True(t, fault.HasKey(err, "document_images_pending"), err)
	hanging, err := d.WithoutImages(t.Context(), q, noon.Add(time.Minute), 10)
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{doc.ID}, hanging)

	require.Greater(t, d.render(t, doc.ID), 1, "three pages take more than one step")
	done, err := d.RenderPages(t.Context(), doc.ID)
	require.NoError(t, err)
	require.True(t, done, "once more for nothing")
	hanging, err = d.WithoutImages(t.Context(), q, noon.Add(time.Minute), 10)
	require.NoError(t, err)
	require.Empty(t, hanging)

	for _, page := range []int{1, 3} {
		for size, width := range map[document.Size]int{document.Small: 1000, document.Large: 2000} {
			got, err := d.Page(t.Context(), q, reviewer, doc.ID, page, size, mark)
			require.NoError(t, err)
			img := decodeJPEG(t, got.Body)
			require.Equal(t, image.Pt(got.Width, got.Height), img.Bounds().Size())
			require.Equal(t, width, got.Width)
			require.InDelta(t, width/4, got.Height, 2)
			require.Equal(t, 0, corner(t, img))
		}
	}
	for _, page := range []int{-1, 0, 4} {
		_, err := d.Page(t.Context(), q, reviewer, doc.ID, page, document.Small, mark)
		require.True(t, fault.HasKey(err, "document_page_unknown"), err)
	}
	_, err = d.Page(t.Context(), q, reviewer, doc.ID, 1, "original", mark)
	require.True(t, fault.HasKey(err, "document_page_unknown"), "the original is never served: %v", err)
	_, err = d.Page(t.Context(), q, actor.Actor{Kind: actor.Staff, Projects: []uuid.UUID{uuid.Must(uuid.NewV7())}}, doc.ID, 1, document.Small, mark)
	require.True(t, fault.HasKey(err, "document_unknown"), err)
}

func TestPicturesComeUprightAndWithoutBaggage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	q := d.db.Read(t.Context())
	plain := asJPEG(t, picture(400, 200, 0))
	// Where the upper left corner of the stored pixels is to be seen, by orientation (JEITA CP-3451).
	for held, want := range map[uint16]int{1: 0, 2: 1, 3: 2, 4: 3, 5: 0, 6: 1, 7: 2, 8: 3, 9: 0, 0: 0} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			doc, err := d.upload(t, document.BusinessLicence, withEXIF(plain, order, held), document.Claim{})
			require.NoError(t, err)
			done, err := d.RenderPages(t.Context(), doc.ID)
			require.NoError(t, err)
			require.True(t, done)
			got, err := d.Page(t.Context(), q, actor.Job("t"), doc.ID, 1, document.Large, mark)
			require.NoError(t, err)
			img := decodeJPEG(t, got.Body)
			require.Equal(t, want, corner(t, img), "orientation %d", held)
			size := image.Pt(400, 200)
			if held >= 5 && held <= 8 {
				size = image.Pt(200, 400)
			}
			require.Equal(t, size, img.Bounds().Size(), "a small picture is not blown up")
			require.NotContains(t, string(got.Body), "Exif")
		}
	}
}

func TestFileThatCannotBeDrawnIsSaidSo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	doc, err := d.upload(t, document.BusinessLicence, asPNG(t, picture(50, 50, 0)), document.Claim{})
	require.NoError(t, err)
	// A file that stood the check but not the drawing: the row is made to say it is another sort of file.
	_, err = d.db.Pool().Exec(t.Context(), "UPDATE document SET mime = 'application/pdf'")
	require.NoError(t, err)
	done, err := d.RenderPages(t.Context(), doc.ID)
	require.NoError(t, err)
	require.True(t, done)
	_, err = d.Page(t.Context(), d.db.Read(t.Context()), actor.Job("t"), doc.ID, 1, document.Small, mark)
	require.True(t, fault.HasKey(err, "document_images_failed"), err)
}

// render works like the job does, which tries again where a step was too slow, and counts the steps.
func (d desk) render(t *testing.T, id uuid.UUID) int {
	t.Helper()
	for steps := 1; ; steps++ {
		done, err := d.RenderPages(t.Context(), id)
		if !fault.Is(err, fault.Unavailable) {
			require.NoError(t, err)
		}
		if done {
			return steps
		}
	}
}

func TestMarkNamesTheViewer(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	doc, err := d.upload(t, document.BusinessLicence, asPNG(t, picture(400, 100, 0)), document.Claim{})
	require.NoError(t, err)
	d.render(t, doc.ID)
	var bodies [][]byte
	for _, m := range []document.Mark{mark, {Viewer: "王海涛 0132", OrderNo: mark.OrderNo, Purpose: mark.Purpose}, {Viewer: "张𠮷 0001"}} {
		got, err := d.Page(t.Context(), d.db.Read(t.Context()), actor.Job("t"), doc.ID, 1, document.Small, m)
		require.NoError(t, err)
		bodies = append(bodies, got.Body)
	}
	require.False(t, bytes.Equal(bodies[0], bodies[1]))
	require.False(t, bytes.Equal(bodies[1], bodies[2]))
}

// TestMarkIsOnEveryPart looks at the ink: faint, and in every part of the page.
func TestMarkIsOnEveryPart(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	body, err := form.Render(fields(), form.Version{OrderNo: mark.OrderNo, Number: 1, At: noon})
	require.NoError(t, err)
	doc, err := d.upload(t, document.BusinessLicence, body, document.Claim{})
	require.NoError(t, err)
	d.render(t, doc.ID)
	for _, size := range []document.Size{document.Small, document.Large} {
		got, err := d.Page(t.Context(), d.db.Read(t.Context()), actor.Job("t"), doc.ID, 1, size, mark)
		require.NoError(t, err)
		if dir := os.Getenv("CACONSOLE_TEST_PICTURES"); dir != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "page-"+string(size)+".jpg"), got.Body, 0o600))
		}
		img := decodeJPEG(t, got.Body)
		for part := range 16 {
			inked, total := 0, 0
			cell := image.Pt(img.Bounds().Dx()/4, img.Bounds().Dy()/4)
			for y := part / 4 * cell.Y; y < (part/4+1)*cell.Y; y += 2 {
				for x := part % 4 * cell.X; x < (part%4+1)*cell.X; x += 2 {
					r, _, _, _ := img.At(x, y).RGBA()
					total++
					if r > 0xb000 && r < 0xf000 { // between print and paper
						inked++
					}
				}
			}
			require.Greater(t, float64(inked)/float64(total), 0.005, "part %d of %s", part, size)
			require.Less(t, float64(inked)/float64(total), 0.25, "part %d of %s", part, size)
		}
	}
}
