package staff

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// totpField is the field that is sealed, as package seal names it.
const totpField = "staff_credential.totp"

func init() {
	pg.Constraint("staff_login_once", fault.Conflict, "staff_login_taken")
	pg.Constraint("staff_no_once", fault.Conflict, "staff_no_taken")
	pg.Constraint("staff_role_role", fault.Invalid, "staff_role_unknown")
}

type memberRow struct {
	ID          uuid.UUID `gorm:"primaryKey"`
	Login       string
	Name        string
	No          string
	State       string
	OnDuty      bool
	AllProjects bool
	LastLoginAt *time.Time
	LastLoginIP string `gorm:"column:last_login_ip"`
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

func (memberRow) TableName() string { return "staff" }

type roleRow struct {
	StaffID   uuid.UUID `gorm:"primaryKey"`
	Role      string    `gorm:"primaryKey"`
	CreatedAt time.Time
}

func (roleRow) TableName() string { return "staff_role" }

type projectRow struct {
	StaffID   uuid.UUID `gorm:"primaryKey"`
	ProjectID uuid.UUID `gorm:"primaryKey"`
}

func (projectRow) TableName() string { return "staff_project" }

type credentialRow struct {
	StaffID      uuid.UUID `gorm:"primaryKey"`
	PasswordHash string
	TOTPSealed   []byte `gorm:"column:totp_sealed"`
	TOTPStep     int64  `gorm:"column:totp_step"`
	ChangedAt    time.Time
}

func (credentialRow) TableName() string { return "staff_credential" }

// memberSQL reads members with their roles and projects in one go: it runs on every request.
const memberSQL = `
	SELECT s.*,
	       (SELECT coalesce(string_agg(r.role, ' ' ORDER BY r.role), '') FROM staff_role r WHERE r.staff_id = s.id) AS role_list,
	       (SELECT coalesce(string_agg(p.project_id::text, ' '), '') FROM staff_project p WHERE p.staff_id = s.id) AS project_list`

// memberView is what memberSQL returns. gorm reads embedded rows only through exported fields.
type memberView struct {
	Row         memberRow `gorm:"embedded"`
	RoleList    string
	ProjectList string
}

func (v memberView) member() (Member, error) {
	r := v.Row
	m := Member{
		ID: r.ID, Login: r.Login, Name: r.Name, No: r.No, Roles: strings.Fields(v.RoleList), State: r.State,
		OnDuty: r.OnDuty, AllProjects: r.AllProjects, LastLoginIP: r.LastLoginIP,
	}
	if r.LastLoginAt != nil {
		m.LastLoginAt = *r.LastLoginAt
	}
	for _, p := range strings.Fields(v.ProjectList) {
		id, err := uuid.Parse(p)
		if err != nil {
			return Member{}, fault.Wrap("staff_row_malformed", err)
		}
		m.Projects = append(m.Projects, id)
	}
	return m, nil
}

func insertMember(tx pg.Tx, m Member, cred credentialRow, now time.Time) error {
	row := memberRow{
		ID: m.ID, Login: m.Login, Name: m.Name, No: m.No, State: m.State, OnDuty: m.OnDuty,
		AllProjects: m.AllProjects, CreatedAt: now, UpdatedAt: now,
	}
	if err := tx.Gorm().Create(&row).Error; err != nil {
		return pg.Fault(err)
	}
	for _, role := range m.Roles {
		if err := tx.Gorm().Create(&roleRow{StaffID: m.ID, Role: role, CreatedAt: now}).Error; err != nil {
			return pg.Fault(err)
		}
	}
	for _, p := range m.Projects {
		if err := tx.Gorm().Create(&projectRow{StaffID: m.ID, ProjectID: p}).Error; err != nil {
			return pg.Fault(err)
		}
	}
	return pg.Fault(tx.Gorm().Create(&cred).Error)
}

func unknown() error { return fault.New(fault.NotFound, "staff_unknown", nil) }

func loadMember(q pg.Q, id uuid.UUID) (Member, error) {
	var rows []memberView
	if err := q.Gorm().Raw(memberSQL+` FROM staff s WHERE s.id = ?`, id).Scan(&rows).Error; err != nil {
		return Member{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return Member{}, unknown()
	}
	return rows[0].member()
}

// loadCredential finds an account by its login name, with what proves it. Error: NotFound.
func loadCredential(q pg.Q, login string) (Member, credentialRow, error) {
	var rows []memberView
	if err := q.Gorm().Raw(memberSQL+` FROM staff s WHERE s.login = ?`, login).Scan(&rows).Error; err != nil {
		return Member{}, credentialRow{}, pg.Fault(err)
	}
	if len(rows) == 0 {
		return Member{}, credentialRow{}, unknown()
	}
	var cred credentialRow
	if err := q.Gorm().Where("staff_id = ?", rows[0].Row.ID).Take(&cred).Error; err != nil {
		return Member{}, credentialRow{}, pg.Fault(err)
	}
	m, err := rows[0].member()
	return m, cred, err
}

func listMembers(q pg.Q, seenAfter, now time.Time) ([]Line, error) {
	var rows []struct {
		View     memberView `gorm:"embedded"`
		Sessions int
	}
	err := q.Gorm().Raw(memberSQL+`,
		(SELECT count(*) FROM staff_session x
		 WHERE x.staff_id = s.id AND x.ended_at IS NULL AND x.seen_at > ? AND x.expires_at > ?) AS sessions
		FROM staff s ORDER BY s.no, s.id`, seenAfter, now).Scan(&rows).Error
	if err != nil {
		return nil, pg.Fault(err)
	}
	lines := make([]Line, 0, len(rows))
	for _, r := range rows {
		m, err := r.View.member()
		if err != nil {
			return nil, err
		}
		lines = append(lines, Line{Member: m, Sessions: r.Sessions})
	}
	return lines, nil
}

// setState changes the state if it is another one. Error: Conflict "staff_state_same".
func setState(tx pg.Tx, id uuid.UUID, state string, now time.Time) error {
	res := tx.Gorm().Exec(`UPDATE staff SET state = ?, updated_at = ? WHERE id = ? AND state <> ?`, state, now, id, state)
	if res.Error != nil {
		return pg.Fault(res.Error)
	}
	if res.RowsAffected == 0 {
		return fault.New(fault.Conflict, "staff_state_same", nil)
	}
	return nil
}

func noteLogin(tx pg.Tx, id uuid.UUID, ip string, now time.Time) error {
	return pg.Fault(tx.Gorm().Exec(`UPDATE staff SET last_login_at = ?, last_login_ip = ? WHERE id = ?`, now, ip, id).Error)
}

// spendStep marks a time step as used, if neither it nor a later one was. Error: errReplay.
func spendStep(tx pg.Tx, id uuid.UUID, step int64) error {
	res := tx.Gorm().Exec(`UPDATE staff_credential SET totp_step = ? WHERE staff_id = ? AND totp_step < ?`, step, id, step)
	if res.Error != nil {
		return pg.Fault(res.Error)
	}
	if res.RowsAffected == 0 {
		return errReplay
	}
	return nil
}
