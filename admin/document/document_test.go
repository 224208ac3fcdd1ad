package document_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/signintech/gopdf"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/document"
	"caconsole/admin/document/form"
	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
	"caconsole/admin/seal/folder"
)

var noon = time.Date(2026, 11, 22, 2, 31, 7, 0, time.UTC)

func now() time.Time { return noon }

// desk is the service on a database of its own, where orders and projects are ids and nothing more.
type desk struct {
	*document.Documents
	db      *pg.DB
	order   uuid.UUID
	project uuid.UUID
}

func newDesk(t *testing.T) desk {
	t.Helper()
	app, owner, read := pgtest.NewDSN(t)
	conn, err := pgx.Connect(t.Context(), owner)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `ALTER TABLE document DROP CONSTRAINT document_order_id_fkey, DROP CONSTRAINT document_project_id_fkey;
		ALTER TABLE form_version DROP CONSTRAINT form_version_order_id_fkey`)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	db, err := pg.Open(t.Context(), pg.Options{DSN: app, ReadDSN: read, MaxConns: 4, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(db.Close)

	text, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(text)
	require.NoError(t, err)
	store, err := folder.Open(t.TempDir(), now)
	require.NoError(t, err)
	return desk{
		Documents: document.New(db, seal.Vault{Ring: ring, Blobs: store}, now), db: db,
		order: uuid.Must(uuid.NewV7()), project: uuid.Must(uuid.NewV7()),
	}
}

func (d desk) tx(t *testing.T, fn func(ctx context.Context, tx pg.Tx) error) error {
	t.Helper()
	return d.db.InTx(t.Context(), fn)
}

func (d desk) confirm(t *testing.T, f form.Fields) document.FormVersion {
	t.Helper()
	var v document.FormVersion
	require.NoError(t, d.tx(t, func(ctx context.Context, tx pg.Tx) (err error) {
		v, err = d.ConfirmForm(ctx, tx, d.order, "R26112200317", f)
		return err
	}))
	return v
}

func (d desk) upload(t *testing.T, kind document.Kind, body []byte, claim document.Claim) (doc document.Document, err error) {
	t.Helper()
	f, err := d.Check(t.Context(), body)
	require.NoError(t, err)
	stored, err := d.Store(t.Context(), f)
	require.NoError(t, err)
	err = d.tx(t, func(ctx context.Context, tx pg.Tx) (err error) {
		doc, _, err = d.Add(ctx, tx, document.Upload{OrderID: d.order, ProjectID: d.project, Kind: kind, File: stored, Claim: claim})
		return err
	})
	return doc, err
}

func (d desk) complete(t *testing.T) (ok bool) {
	t.Helper()
	require.NoError(t, d.tx(t, func(ctx context.Context, tx pg.Tx) (err error) {
		ok, err = d.Complete(ctx, tx, d.order)
		return err
	}))
	return ok
}

func fields() form.Fields {
	return form.Fields{
		Project: "中广核项目", CertType: "机构证书", Years: 2, Holder: "深圳市启衡核电工程有限公司", OrgIDKind: "统一社会信用代码",
		OrgIDNumber: "91440300MA5F7K2Q4T", LegalName: "李建国", AgentName: "周敏", AgentIDNumber: "440301199001010026",
		AgentPhone: "13800005678", AgentEmail: "zhoumin@qiheng-eng.example", MediumNo: "3888010222140701",
		Serial: "5E2109C477A03B18", NotAfter: "2026-11-15", InvoiceTitle: "深圳市启衡核电工程有限公司",
	}
}

// picture is a paper with a red corner at its upper left, in grey otherwise; n makes it one of a kind.
func picture(w, h int, n uint8) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{0xc0, 0xc0, 0xc0 - n, 0xff}
			if x < w/4 && y < h/4 {
				c = color.RGBA{0xd0, 0x10, 0x10, 0xff}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func asJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, jpeg.Encode(&buf, img, nil))
	return buf.Bytes()
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, png.Encode(&buf, img))
	return buf.Bytes()
}

// asPDF makes flat pages, for the race detector makes pixels dear.
func asPDF(t testing.TB, pages int, protection gopdf.PDFProtectionConfig) []byte {
	t.Helper()
	pdf := gopdf.GoPdf{}
	pdf.Start(gopdf.Config{PageSize: gopdf.Rect{W: 400, H: 100}, Protection: protection})
	for range pages {
		pdf.AddPage()
		pdf.SetFillColor(0xd0, 0x10, 0x10)
		pdf.RectFromUpperLeftWithStyle(0, 0, 100, 25, "F")
	}
	b, err := pdf.GetBytesPdfReturnErr()
	require.NoError(t, err)
	return b
}

func TestPapersOfAnOrder(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	staff := actor.Actor{Kind: actor.Staff, Projects: []uuid.UUID{d.project}}
	scan := asJPEG(t, picture(300, 400, 0))

	_, err := d.upload(t, document.ApplicationForm, scan, document.Claim{})
	require.True(t, fault.HasKey(err, "form_not_confirmed"), err)
	require.False(t, d.complete(t))

	v1 := d.confirm(t, fields())
	require.Equal(t, 1, v1.Version)
	require.Equal(t, v1, d.confirm(t, fields()), "the same fields are the same version")

	paper, err := d.upload(t, document.ApplicationForm, scan, document.Claim{})
	require.NoError(t, err)
	require.Equal(t, 1, paper.Version)
	require.Equal(t, 1, paper.FormVersion)
	digest := sm3.Sum(scan)
	require.Equal(t, hex.EncodeToString(digest[:]), paper.SM3)
	again, err := d.upload(t, document.ApplicationForm, scan, document.Claim{})
	require.NoError(t, err)
	require.Equal(t, paper.ID, again.ID, "the same file again changes nothing")
	require.False(t, d.complete(t), "the licence is missing")

	licence, err := d.upload(t, document.BusinessLicence, asPDF(t, 2, gopdf.PDFProtectionConfig{}), document.Claim{})
	require.NoError(t, err)
	require.Equal(t, 2, licence.Pages)
	require.True(t, d.complete(t))

	_, err = d.upload(t, document.RemittanceVoucher, asPNG(t, picture(40, 30, 1)), document.Claim{Payer: "深圳市启衡核电工程有限公司", Amount: 40000, Date: noon})
	require.NoError(t, err)
	digests, err := d.Digests(t.Context(), d.db.Read(t.Context()), d.order)
	require.NoError(t, err)
	require.Equal(t, []document.Digest{{document.ApplicationForm, paper.SM3}, {document.BusinessLicence, licence.SM3}}, digests)

	require.NoError(t, d.tx(t, func(ctx context.Context, tx pg.Tx) error {
		require.NoError(t, d.SetReturned(ctx, tx, paper.ID, "公章不清晰"))
		return d.SetAccepted(ctx, tx, licence.ID)
	}))
	require.False(t, d.complete(t), "a returned form is not enough")
	_, err = d.upload(t, document.BusinessLicence, scan, document.Claim{})
	require.True(t, fault.HasKey(err, "document_accepted"), err)

	second, err := d.upload(t, document.ApplicationForm, asJPEG(t, picture(300, 400, 9)), document.Claim{})
	require.NoError(t, err)
	require.Equal(t, 2, second.Version)
	require.True(t, d.complete(t))
	err = d.tx(t, func(ctx context.Context, tx pg.Tx) error { return d.SetAccepted(ctx, tx, paper.ID) })
	require.True(t, fault.HasKey(err, "document_changed"), "the superseded one cannot be accepted: %v", err)

	corrected := fields()
	corrected.AgentName = "周敏敏"
	require.Equal(t, 2, d.confirm(t, corrected).Version)
	require.False(t, d.complete(t), "the scan is of an earlier version")
	third, err := d.upload(t, document.ApplicationForm, scan, document.Claim{})
	require.NoError(t, err)
	require.Equal(t, 2, third.FormVersion)
	require.True(t, d.complete(t))

	all, err := d.List(t.Context(), d.db.Read(t.Context()), staff, d.order)
	require.NoError(t, err)
	require.Len(t, all, 5)
	require.Equal(t, third.ID, all[0].ID, "newest first")
	require.Equal(t, "公章不清晰", all[2].ReturnedReason)
	none, err := d.List(t.Context(), d.db.Read(t.Context()), actor.Actor{Kind: actor.Staff}, d.order)
	require.NoError(t, err)
	require.Empty(t, none, "outside the project")
}

func TestVoucherClaim(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	claim := document.Claim{Payer: "深圳市启衡核电工程有限公司", Amount: money.Fen(40000), Date: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)}
	doc, err := d.upload(t, document.RemittanceVoucher, asPNG(t, picture(40, 30, 0)), claim)
	require.NoError(t, err)
	got, err := d.Claimed(t.Context(), d.db.Read(t.Context()), actor.Job("t"), doc.ID)
	require.NoError(t, err)
	require.Equal(t, claim, got)
	_, err = d.Claimed(t.Context(), d.db.Read(t.Context()), actor.Actor{Kind: actor.Staff, Name: "other"}, doc.ID)
	require.True(t, fault.HasKey(err, "document_unknown"), err)
	_, err = d.upload(t, document.BusinessLicence, asPNG(t, picture(40, 30, 0)), claim)
	require.True(t, fault.Is(err, fault.Invalid), err)
}

func TestConcurrentUploadsLeaveOneInForce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			f, err := d.Check(t.Context(), asPNG(t, picture(20, 20, uint8(n))))
			if err != nil {
				t.Error(err)
				return
			}
			stored, err := d.Store(t.Context(), f)
			if err != nil {
				t.Error(err)
				return
			}
			err = d.db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
				_, _, err := d.Add(ctx, tx, document.Upload{OrderID: d.order, ProjectID: d.project, Kind: document.BusinessLicence, File: stored})
				return err
			})
			if err != nil && !fault.HasKey(err, "document_changed") {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all, err := d.List(t.Context(), d.db.Read(t.Context()), actor.Job("t"), d.order)
	require.NoError(t, err)
	inForce := 0
	for _, doc := range all {
		if doc.State != document.Superseded {
			inForce++
		}
	}
	require.Equal(t, 1, inForce)
}

func TestFormIsFrozenAndPrintsTheSame(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	q := d.db.Read(t.Context())
	_, err := d.FormPDF(t.Context(), q, d.order)
	require.True(t, fault.HasKey(err, "form_not_confirmed"), err)

	version := d.confirm(t, fields())
	want, err := form.Render(fields(), form.Version{OrderNo: "R26112200317", Number: 1, At: noon})
	require.NoError(t, err)
	got, err := d.FormPDF(t.Context(), q, d.order)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
	v, err := d.CurrentForm(t.Context(), q, d.order)
	require.NoError(t, err)
	require.Equal(t, version, v)

	bad := fields()
	bad.LegalName = "张𠮷"
	err = d.tx(t, func(ctx context.Context, tx pg.Tx) error {
		_, err := d.ConfirmForm(ctx, tx, d.order, "R26112200317", bad)
		return err
	})
	require.True(t, fault.HasKey(err, "form_glyph_missing"), err)
	require.Equal(t, "𠮷", fault.Of(err).Args["char"])

	for _, sql := range []string{"UPDATE form_version SET version = 9", "DELETE FROM form_version", "DELETE FROM document", "UPDATE document_page SET page = 1"} {
		_, err := d.db.Pool().Exec(t.Context(), sql)
		require.ErrorContains(t, err, "permission denied", sql)
	}
	var fieldsSealed []byte
	require.NoError(t, d.db.Pool().QueryRow(t.Context(), "SELECT fields_sealed FROM form_version").Scan(&fieldsSealed))
	require.NotContains(t, string(fieldsSealed), "周敏")
}
