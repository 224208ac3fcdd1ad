package identity

import (
	"context"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

type imageRow struct {
	AttemptID     uuid.UUID
	Which         Picture
	ObjectKey     string
	SM3           []byte `gorm:"column:sm3"`
	SizeBytes     int64
	DataKeySealed []byte
	CreatedAt     time.Time
}

// TableName tells gorm the table.
func (imageRow) TableName() string { return "identity_image" }

// Kept is a result whose pictures lie in the vault.
type Kept struct {
	Result
	objects map[Picture]seal.Object
}

// Keep stores the pictures of a result; call it outside the transaction that then calls Finish.
func (i *Identities) Keep(ctx context.Context, r Result) (Kept, error) {
	k := Kept{Result: r, objects: make(map[Picture]seal.Object, len(r.Pictures))}
	for which, picture := range r.Pictures {
		o, err := i.vault.Put(ctx, picture)
		if err != nil {
			return Kept{}, err
		}
		k.objects[which] = o
	}
	return k, nil
}

// Image opens a picture of a try. The caller has audited the view. NotFound "image_unknown" where there is none (any
// more) or the actor may not see its project.
func (i *Identities) Image(ctx context.Context, q pg.Q, a actor.Actor, id uuid.UUID, which Picture) ([]byte, error) {
	unknown := fault.New(fault.NotFound, "image_unknown", nil)
	r, err := find(q, "id = ?", id)
	if err != nil || !a.InScope(r.ProjectID) {
		return nil, unknown
	}
	var img imageRow
	if err := q.Gorm().Where("attempt_id = ? AND which = ?", id, which).Take(&img).Error; err != nil {
		if fault.Is(pg.Fault(err), fault.NotFound) {
			return nil, unknown
		}
		return nil, pg.Fault(err)
	}
	return i.vault.Open(ctx, seal.Object{Key: img.ObjectKey, SM3: img.SM3, Size: img.SizeBytes, DataKey: img.DataKeySealed})
}

// Forget deletes the face and card images of an order's tries. With a row goes the only key of its file, so that nobody
// can open it any more, whatever copies of the file there are.
func (i *Identities) Forget(_ context.Context, tx pg.Tx, orderID uuid.UUID) error {
	tries := tx.Gorm().Model(&row{}).Select("id").Where("order_id = ?", orderID)
	return pg.Fault(tx.Gorm().Where("attempt_id IN (?)", tries).Delete(&imageRow{}).Error)
}
