package main

type demoCommand struct{ storeFlags }

func (demoCommand) Run() error { return nil }
