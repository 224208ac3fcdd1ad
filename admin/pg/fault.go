package pg

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"caconsole/admin/fault"
)

// Retry-After of a busy or unreachable database.
const retryAfter = 2 * time.Second

// SQLSTATE codes this module acts on (PostgreSQL manual, appendix A).
const (
	codeSerialization = "40001"
	codeDeadlock      = "40P01"
	codeLockTimeout   = "55P03"
	codeCancelled     = "57014" // statement_timeout
	codeIdleInTx      = "25P03" // idle_in_transaction_session_timeout
	codeTooMany       = "53300"
	codeNoCharacter   = "22021" // a NUL, or bytes that are no UTF-8, in a text
	codeNoEscape      = "22P05" // \u0000 in a JSON text
)

var constraints = struct {
	sync.RWMutex
	byName map[string]fault.Error
}{byName: map[string]fault.Error{}}

// Constraint says which fault a violated constraint or unique index means to a caller. Packages that own tables
// register theirs in an init function; a second registration of the same name panics.
func Constraint(name string, kind fault.Kind, key string) {
	constraints.Lock()
	defer constraints.Unlock()
	if _, twice := constraints.byName[name]; twice {
		panic(fmt.Sprintf("pg: constraint %q registered twice", name))
	}
	constraints.byName[name] = fault.Error{Kind: kind, Key: key}
}

// Violates reports whether err is the violation of this constraint.
func Violates(err error, constraint string) bool {
	var p *pgconn.PgError
	return errors.As(err, &p) && p.ConstraintName == constraint
}

// Fault turns a database error into a fault: no row → NotFound not_found; a registered constraint → what it was
// registered as; timeouts, deadlocks and full servers → Unavailable database_busy; an unreachable server →
// Unavailable database_down; a text no database can hold → Invalid text_unreadable. A fault inside err and anything else pass unchanged. The cause stays in the chain.
func Fault(err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if errors.Is(err, gorm.ErrRecordNotFound) || errors.Is(err, sql.ErrNoRows) || errors.Is(err, pgx.ErrNoRows) {
		return &fault.Error{Kind: fault.NotFound, Key: "not_found", Cause: err}
	}
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return serverFault(p, err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.Down("database_busy", retryAfter, err)
	}
	if unreachable(err) {
		return fault.Down("database_down", retryAfter, err)
	}
	return err
}

func unreachable(err error) bool {
	var connect *pgconn.ConnectError
	var network *net.OpError
	return errors.As(err, &connect) || errors.As(err, &network) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF)
}

func serverFault(p *pgconn.PgError, err error) error {
	constraints.RLock()
	known, ok := constraints.byName[p.ConstraintName]
	constraints.RUnlock()
	if ok && p.ConstraintName != "" {
		known.Cause = err
		return &known
	}
	switch p.Code {
	case codeSerialization, codeDeadlock, codeLockTimeout, codeCancelled, codeIdleInTx, codeTooMany:
		return fault.Down("database_busy", retryAfter, err)
	case codeNoCharacter, codeNoEscape:
		return &fault.Error{Kind: fault.Invalid, Key: "text_unreadable", Cause: err}
	}
	if strings.HasPrefix(p.Code, "08") || strings.HasPrefix(p.Code, "57P") { // connection lost, server going down
		return fault.Down("database_down", retryAfter, err)
	}
	return err
}

func retryable(err error) bool {
	var p *pgconn.PgError
	return errors.As(err, &p) && (p.Code == codeSerialization || p.Code == codeDeadlock)
}
