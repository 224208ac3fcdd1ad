package rbac

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"

	"caconsole/admin/pg"
)

// model.conf compares nouns and verbs before it looks at roles: that is twice as fast as the other way round.
//
//go:embed model.conf
var modelText string

const (
	channel = "caconsole_policy" // notified by the table's trigger
	refresh = time.Minute        // in case a notification was lost
	// trusted is how old rules may be: a process cut off from the database must not go on granting what was taken away.
	trusted = 5 * time.Minute
)

// Policy is what the rules mean for each role, kept up to date by Watch. It is safe for concurrent use.
type Policy struct {
	db      *pg.DB
	log     *slog.Logger
	now     func() time.Time
	loading sync.Mutex
	current atomic.Pointer[snapshot]
}

// snapshot is the outcome of one version of the rules. It never changes.
type snapshot struct {
	version int64
	at      time.Time
	byRole  map[string]map[string]bool
}

// Load reads the rules.
func Load(ctx context.Context, db *pg.DB, log *slog.Logger, now func() time.Time) (*Policy, error) {
	p := &Policy{db: db, log: log, now: now}
	return p, p.reload(ctx)
}

// Watch reads the rules again when they change, until ctx ends.
func (p *Policy) Watch(ctx context.Context) {
	p.db.Listen(ctx, channel, refresh, func(ctx context.Context) {
		if err := p.reload(ctx); err != nil && ctx.Err() == nil {
			p.log.ErrorContext(ctx, "rules not read", "error", err)
		}
	})
}

// Permissions returns what somebody with these roles may do: the union of the roles. A role that is not known may do
// nothing, and nobody anything while the rules cannot be read for five minutes.
func (p *Policy) Permissions(ctx context.Context, roles []string) map[string]bool {
	s := p.current.Load()
	if p.now().Sub(s.at) > trusted {
		if err := p.reload(ctx); err != nil {
			p.log.ErrorContext(ctx, "rules not read, nothing is permitted", "error", err)
			return nil
		}
		s = p.current.Load()
	}
	union := make(map[string]bool, 16)
	for _, r := range roles {
		maps.Copy(union, s.byRole[r])
	}
	return union
}

// Version counts the changes of the rules that this process knows of.
func (p *Policy) Version() int64 { return p.current.Load().version }

// reload works the rules out anew. Casbin's own caches keep rights that were removed, so none is used: an enforcer
// lives for one version.
func (p *Policy) reload(ctx context.Context) error {
	p.loading.Lock()
	defer p.loading.Unlock()
	at := p.now()
	version, rules, err := load(ctx, p.db)
	if err != nil {
		return err
	}
	if s := p.current.Load(); s != nil && s.version == version {
		p.current.Store(&snapshot{version: version, at: at, byRole: s.byRole})
		return nil
	}
	byRole, err := evaluate(rules)
	if err != nil {
		return err
	}
	p.current.Store(&snapshot{version: version, at: at, byRole: byRole})
	return nil
}

// evaluate asks Casbin for every role and every permission.
func evaluate(rules []rule) (map[string]map[string]bool, error) {
	m, err := model.NewModelFromString(modelText)
	if err != nil {
		return nil, fmt.Errorf("rbac: model: %w", err)
	}
	enforcer, err := casbin.NewEnforcer(m, adapter{rules})
	if err != nil {
		return nil, fmt.Errorf("rbac: rules: %w", err)
	}
	byRole := map[string]map[string]bool{}
	for _, role := range Roles() {
		held := map[string]bool{}
		for _, permission := range All() {
			noun, verb, _ := strings.Cut(permission, ":")
			ok, err := enforcer.Enforce(role, noun, verb)
			if err != nil {
				return nil, fmt.Errorf("rbac: %s of %s: %w", permission, role, err)
			}
			if ok {
				held[permission] = true
			}
		}
		byRole[role] = held
	}
	return byRole, nil
}
