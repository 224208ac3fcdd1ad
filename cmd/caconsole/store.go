package main

import (
	"context"
	"log/slog"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/cmd/caconsole/app"
)

// storeFlags find database, keys and files for the commands beside serve and work: the private database of the data
// folder and a demo's keys stand in where none are named.
type storeFlags struct {
	app.Store
	logFlags
}

// open opens the house; close it at the end.
func (s storeFlags) open(ctx context.Context, e env) (h *app.House, closeAll func() error, err error) {
	if _, err := s.Ring(); err != nil { // before a server is started for nothing
		return nil, nil, err
	}
	log := s.logger(e)
	stop := func() {}
	if s.DatabaseURL == "" {
		cluster, err := s.cluster(ctx, log)
		if err != nil {
			return nil, nil, err
		}
		s.DatabaseURL, s.ReadURL, stop = cluster.DSN(pg.RoleApp), cluster.DSN(pg.RoleRead), cluster.Stop
	}
	if h, err = s.Open(ctx, e.Now, log); err != nil {
		stop()
		return nil, nil, err
	}
	return h, func() error { err := h.Close(); stop(); return err }, nil
}

// cluster finds the private database a demo runs beside this program, or starts it.
func (s storeFlags) cluster(ctx context.Context, log *slog.Logger) (*pg.Cluster, error) {
	running, err := pg.FindCluster(ctx, s.Data)
	if err == nil || !fault.HasKey(err, "cluster_not_running") {
		return running, err
	}
	return pg.StartCluster(ctx, pg.ClusterOptions{Data: s.Data, Logger: log})
}
