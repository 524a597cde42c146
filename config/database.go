package config

import (
	"net/url"

	"todo/spec"
)

// databaseOverride is what `database` may change of the development database.
type databaseOverride struct {
	Storage      string `json:"storage" doc:"Size of the volume when it is made, and what the quota has room for. A volume that is there grows by kubectl, where its storage class lets it; none shrinks (docs/operations.md)." allowed:"a quantity, for example 10Gi"`
	StorageClass string `json:"storageClass" default:"the cluster's" doc:"StorageClass of the volume when it is made." allowed:"the name of one"`
	Image        string `json:"image" default:"baseImages.postgres" doc:"Postgres image." allowed:"a reference"`
}

func (l *loader) database(c *Config) DatabaseConfig {
	var given databaseOverride
	l.object(keyDatabase, &given)
	possible := !c.Production && c.ExternalSecrets == nil
	managed := possible && c.needsDatabase() && l.runsDatabase()
	d := DatabaseConfig{
		Managed:      managed,
		Parked:       possible && !managed,
		Image:        or(given.Image, c.Images.BaseImages.Postgres),
		Storage:      or(given.Storage, defaultStorage),
		StorageClass: given.StorageClass,
		Port:         l.databasePort(keyDatabaseURL, DatabasePort),
	}
	d.describe(l.in.Values[keyDatabaseURL].Text)
	d.MigrationPort = l.databasePort(keyMigrationURL, d.Port)
	if given != (databaseOverride{}) && !d.Managed {
		l.ps.add(Problem{Key: keyDatabase, Got: "set", Want: "the stack runs no database of its own: there is none in production, with a DATABASE_URL of another or externalSecrets, or without the backend",
			Fix: l.ps.remove(keyDatabase)})
	}
	return d
}

func (l *loader) runsDatabase() bool {
	plain := l.in.Values[keyDatabaseURL].Text
	u, err := url.Parse(plain)
	return plain == "" || (err == nil && l.ownDatabase(u))
}

func (d DatabaseConfig) validate(c *Config, ps *problems) {
	if size, ok := spec.Amount(d.Storage); !ok || size < 1<<20 {
		ps.refuse(keyDatabase+".storage", quoted(d.Storage), "allowed: a Kubernetes quantity of 1Mi or more", "1Gi")
	}
	if d.StorageClass != "" && !dnsSubdomain.MatchString(d.StorageClass) {
		ps.refuse(keyDatabase+".storageClass", quoted(d.StorageClass), "allowed: the name of a StorageClass (kubectl get storageclass)", "standard")
	}
	c.validateReference(ps, keyDatabase+".image", d.Image)
}
