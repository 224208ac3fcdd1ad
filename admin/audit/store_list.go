package audit

import (
	"caconsole/admin/actor"
	"caconsole/admin/pg"
)

type listRow struct {
	Number *int64
	Entry  entryRow `gorm:"embedded"`
}

func findEntries(q pg.Q, a actor.Actor, f Filter) (rows []listRow, err error) {
	s := q.Gorm().Table("audit_entry e").Select("l.number, e.*").Joins("LEFT JOIN audit_leaf l ON l.entry_id = e.id")
	if !a.AllProjects {
		s = s.Where("(e.project_id IS NULL OR e.project_id IN ?)", a.Projects)
	}
	for column, value := range map[string]string{
		"e.actor_name": f.Actor, "e.action": f.Action, "e.object": f.Object, "e.outcome": f.Outcome, "e.ip": f.IP,
	} {
		if value != "" {
			s = s.Where(column+" = ?", value)
		}
	}
	if !f.From.IsZero() {
		s = s.Where("e.at >= ?", f.From)
	}
	if !f.To.IsZero() {
		s = s.Where("e.at < ?", f.To)
	}
	if f.Before != nil {
		s = s.Where("(e.at, e.id) < (?, ?)", f.Before.At, f.Before.ID)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	return rows, s.Order("e.at DESC, e.id DESC").Limit(min(limit, maxLimit)).Find(&rows).Error
}

func findEntry(q pg.Q, number int64) (row listRow, found bool, err error) {
	r := q.Gorm().Table("audit_leaf l").Select("l.number, e.*").Joins("JOIN audit_entry e ON e.id = l.entry_id").
		Where("l.number = ?", number).Limit(1).Find(&row)
	return row, r.RowsAffected == 1, r.Error
}
