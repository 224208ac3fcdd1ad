// Package pg is the module's one way to PostgreSQL: it opens the pools, runs transactions that gorm and pgx share,
// turns database errors into faults, and starts the private cluster that demos and tests run on.
//
// Writers take a Tx, readers take a Q; both are handed out here and nowhere else. The SQL itself lives in the
// store files of the packages that own the tables.
package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// The database roles; migrations.Bootstrap makes them and the migrations grant to them.
const (
	RoleSuper = "postgres"        // the private cluster's superuser; other servers name their own
	RoleOwner = "caconsole_owner" // owns the schema and migrates it
	RoleApp   = "caconsole_app"   // what the program runs as
	RoleRead  = "caconsole_read"  // SELECT on business tables only; the boards read as this role
)

const (
	defaultMaxConns = 16
	acquireTimeout  = 5 * time.Second // for a connection out of the pool, before "database_busy"
)

// Options say which database to open.
type Options struct {
	DSN string // the app role's, required
	// ReadDSN is the read role's. Empty: the app role's connections take the role on by SET ROLE.
	ReadDSN  string
	Logger   *slog.Logger // nil: slog.Default()
	MaxConns int          // of each of the two pools; 0 means 16
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	app  handle
	read handle
	log  *slog.Logger
}

// handle is one pool seen from pgx, database/sql and gorm.
type handle struct {
	pool *pgxpool.Pool
	sql  *sql.DB
	gorm *gorm.DB
}

// Q reads. Tx is one, DB.Read and DB.ReadOnly give one without a transaction.
type Q interface {
	// Gorm returns a fresh gorm session bound to the context Q was made for.
	Gorm() *gorm.DB
}

// Open connects and checks that the server answers. Errors: Unavailable database_down, else Internal.
func Open(ctx context.Context, opt Options) (*DB, error) {
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	if opt.MaxConns <= 0 {
		opt.MaxConns = defaultMaxConns
	}
	app, err := open(ctx, opt.DSN, opt, "")
	if err != nil {
		return nil, err
	}
	readDSN, prepare := opt.ReadDSN, readPlans
	if readDSN == "" {
		readDSN, prepare = opt.DSN, "SET ROLE "+pgx.Identifier{RoleRead}.Sanitize()+"; SET default_transaction_read_only = on; "+readPlans
	}
	read, err := open(ctx, readDSN, opt, prepare)
	if err != nil {
		app.close()
		return nil, err
	}
	db := &DB{app: app, read: read, log: opt.Logger}
	if err := db.Ping(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// readPlans has the boards' queries planned for what is asked each time. A plan kept for any stage or name is one that
// reads a million rows for those that few orders have, and the boards' partial indexes need the values to be known. And
// no query of theirs is worth more than one processor: starting helpers takes longer than it may take.
const readPlans = "SET plan_cache_mode = force_custom_plan; SET max_parallel_workers_per_gather = 0"

// open makes a pool. Its connections begin with prepare, if there is any.
func open(ctx context.Context, dsn string, opt Options, prepare string) (handle, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return handle{}, fmt.Errorf("pg: database address: %w", err)
	}
	cfg.MaxConns = int32(min(opt.MaxConns, 1000)) //nolint:gosec // bounded on this line
	if cfg.ConnConfig.RuntimeParams["application_name"] == "" {
		cfg.ConnConfig.RuntimeParams["application_name"] = "caconsole"
	}
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		// Times come back in UTC; without this pgx gives them in the zone of the machine.
		c.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		if prepare == "" {
			return nil
		}
		_, err := c.Exec(ctx, prepare)
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return handle{}, fmt.Errorf("pg: pool: %w", err)
	}
	sqlDB := stdlib.OpenDBFromPool(pool)
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: sqlDB}), &gorm.Config{
		Logger:                 slowLog{log: opt.Logger, slow: slowQuery},
		SkipDefaultTransaction: true, // writers hold a Tx already
		DisableAutomaticPing:   true,
	})
	if err != nil {
		pool.Close()
		return handle{}, fmt.Errorf("pg: gorm: %w", err)
	}
	return handle{pool: pool, sql: sqlDB, gorm: g}, nil
}

func (h handle) close() {
	_ = h.sql.Close() // it holds no idle connection of its own, the pool does
	h.pool.Close()
}

// Close waits for connections in use and closes both pools.
func (d *DB) Close() {
	d.read.close()
	d.app.close()
}

// Ping asks the server for an answer within five seconds. Errors: Unavailable database_down or database_busy.
func (d *DB) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	return Fault(d.app.pool.Ping(ctx))
}

// Pool is the app role's pool, for what needs a pgx connection of its own: River and LISTEN.
func (d *DB) Pool() *pgxpool.Pool { return d.app.pool }

// Connections counts the app role's connections, for metrics.
type Connections struct{ InUse, Open, Limit int }

// Connections tells how busy the app role's pool is.
func (d *DB) Connections() Connections {
	s := d.app.pool.Stat()
	return Connections{InUse: int(s.AcquiredConns()), Open: int(s.TotalConns()), Limit: int(s.MaxConns())}
}

// Read returns a reader without a transaction, as the app role.
func (d *DB) Read(ctx context.Context) Q { return reader(ctx, d.app.gorm) }

// ReadOnly returns the boards' reader: the role that sees business tables and no credentials, in sessions that
// refuse to write.
func (d *DB) ReadOnly(ctx context.Context) Q { return reader(ctx, d.read.gorm) }

// errOutside keeps a reader of its own from being opened inside a transaction: it would not see what the transaction
// wrote, and under load every connection could wait for a second one.
var errOutside = errors.New("pg: Read inside InTx; use the Tx")

type query struct{ gorm *gorm.DB }

func (q query) Gorm() *gorm.DB { return q.gorm }

func reader(ctx context.Context, g *gorm.DB) Q {
	g = g.Session(&gorm.Session{NewDB: true, Context: ctx})
	if ctx.Value(txKey{}) != nil {
		g.Error = errOutside
	}
	return query{g}
}
