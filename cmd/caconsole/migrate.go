package main

import (
	"context"
	"errors"
	"fmt"

	"caconsole/admin/pg"
	"caconsole/migrations"
)

type migrateCommand struct {
	storeFlags
	MigrateURL   string `name:"migrate-url" placeholder:"URL" help:"Database for the owner role. Without it the private database of the data folder is migrated."`
	Bootstrap    bool   `help:"First make the roles; needs --superuser-url on a server of your own."`
	SuperuserURL string `name:"superuser-url" placeholder:"URL" help:"Database for a superuser, used by --bootstrap only."`
}

// Run migrates the private database, or the server named by the URLs.
func (c migrateCommand) Run(ctx context.Context, e env) error {
	if c.DatabaseURL == "" && c.MigrateURL == "" {
		cluster, err := c.cluster(ctx, c.logger(e))
		if err != nil {
			return err
		}
		defer cluster.Stop()
		c.Bootstrap = true
		c.SuperuserURL, c.MigrateURL = cluster.DSN(pg.RoleSuper), cluster.DSN(pg.RoleOwner)
	}
	if c.MigrateURL == "" {
		return errors.New("set CACONSOLE_MIGRATE_URL to the owner role's address of the database that DATABASE_URL names")
	}
	if c.Bootstrap && c.SuperuserURL == "" {
		return errors.New("--bootstrap needs CACONSOLE_SUPERUSER_URL")
	}
	if c.Bootstrap {
		if err := migrations.Bootstrap(ctx, c.SuperuserURL); err != nil {
			return err
		}
	}
	applied, err := migrations.Migrate(ctx, c.MigrateURL)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.Stdout, "%d migrations applied\n", len(applied))
	return err
}
