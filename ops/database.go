package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"todo/internal/services"
)

// The verbs of the development database run the image's own programs in its pod, over the pod's socket, which asks for no
// password: none is ever an argument, here or there.

// databasePod is the one pod of the StatefulSet, and databaseClaim its volume, which stays when that goes.
const (
	databasePod   = services.Database + "-0"
	databaseClaim = "data-" + databasePod
)

// keptDumps is how many of the dumps that were made unasked are kept.
const keptDumps = 10

// client is a shell command in the database's pod; "$@" are psql's or pg_dump's own arguments.
func client(program string) string {
	return `exec ` + program + ` -U "$POSTGRES_USER" -d "$POSTGRES_DB" "$@"`
}

// replaceAll restores a dump from standard input in one transaction: all of it, or nothing. A dump that ends early must not
// be taken for a whole one, so that pg_restore's failure becomes an error in the transaction, also in the middle of a COPY.
const replaceAll = `
{ echo "SET lock_timeout = '30s'; DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
  pg_restore --no-owner --no-privileges --file=- || printf '\n\\.\nSELECT 1/0;\n'
} | psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" --no-psqlrc --quiet --single-transaction --set=ON_ERROR_STOP=1 --output=/dev/null`

// database finds the stack's own database; the error says where to look when it has none.
func (o *Ops) database(ctx context.Context) (Cluster, string, error) {
	cluster, err := o.deployed(ctx)
	if err != nil {
		return cluster, "", err
	}
	keys, err := o.stackConfig()
	if err != nil {
		return cluster, "", err
	}
	namespace := keys.namespace(o.Stack)
	_, err = o.kubectl(ctx, cluster, "-n", namespace, "get", "pod", databasePod, "--request-timeout=15s")
	switch {
	case err != nil && (keys.DatabaseURL != nil || bool(keys.Production)): // a URL may also name another role of the stack's own
		return cluster, "", fmt.Errorf("stack %s has no database of its own: its DATABASE_URL is another's; use psql and pg_dump with that (%w)", o.Stack, err)
	case err != nil:
		return cluster, namespace, fmt.Errorf("the database's pod is not there: %w; make doctor says why", err)
	}
	return cluster, namespace, nil
}

// inDatabase is a command in the database's pod with this process's standard streams to be set.
func (o *Ops) inDatabase(ctx context.Context, c Cluster, namespace string, flags []string, script string, args ...string) *exec.Cmd {
	all := slices.Concat([]string{"-n", namespace, "exec"}, flags, []string{databasePod, "-c", services.Database, "--", "sh", "-c", script, "sh"}, args)
	return o.kubectlCommand(ctx, c, all...)
}

// DatabaseShell is psql on the stack's database. SQL can also be piped in.
func (o *Ops) DatabaseShell(ctx context.Context) error {
	cluster, namespace, err := o.database(ctx)
	if err != nil {
		return err
	}
	flags := []string{"-i"}
	if isTerminal(os.Stdin) && isTerminal(os.Stdout) {
		flags = []string{"-it"}
	}
	cmd := o.inDatabase(ctx, cluster, namespace, flags, client("psql"), "--set=ON_ERROR_STOP=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("psql: %w", err)
	}
	return nil
}

// DatabaseDump writes the database to $FILE, or to a file of .state named after the time.
func (o *Ops) DatabaseDump(ctx context.Context) error {
	cluster, namespace, err := o.database(ctx)
	if err != nil {
		return err
	}
	file := os.Getenv("FILE")
	if file == "" {
		file = o.dumpFile("")
	}
	if _, err := os.Stat(file); err == nil {
		return fmt.Errorf("%s is there already: remove it, or name another FILE", file)
	}
	size, err := o.dump(ctx, cluster, namespace, file)
	if err != nil {
		return err
	}
	fmt.Printf("✓ %s  (%s)\n  make db-restore FILE=%s   puts it back\n", file, bytesText(size), file)
	return nil
}

func (o *Ops) dumpFile(why string) string {
	return filepath.Join(o.stackState("dumps"), time.Now().Format("20060102-150405")+why+".dump")
}

// dump writes a whole dump under the name, or nothing.
func (o *Ops) dump(ctx context.Context, c Cluster, namespace, file string) (size int64, err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return 0, fmt.Errorf("dumping the database: %w", err)
	}
	partial, err := os.CreateTemp(filepath.Dir(file), ".dump-*") // only its owner reads it
	if err != nil {
		return 0, fmt.Errorf("dumping the database: %w", err)
	}
	defer os.Remove(partial.Name()) // gone already when all went well
	cmd := o.inDatabase(ctx, c, namespace, nil, client("pg_dump"), "--format=custom")
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = partial, &said
	if err := errors.Join(cmd.Run(), partial.Sync()); err != nil {
		partial.Close()
		return 0, fmt.Errorf("pg_dump: %w: %s", err, strings.TrimSpace(said.String()))
	}
	info, err := partial.Stat()
	if err := errors.Join(err, partial.Close()); err != nil {
		return 0, fmt.Errorf("dumping the database: %w", err)
	}
	if err := os.Rename(partial.Name(), file); err != nil {
		return 0, fmt.Errorf("dumping the database: %w", err)
	}
	return info.Size(), nil
}

// DatabaseRestore replaces the database's content by $FILE, after a dump of what was there. It asks, unless $FORCE is set.
func (o *Ops) DatabaseRestore(ctx context.Context) error {
	name := os.Getenv("FILE")
	if name == "" {
		return errors.New("which dump? make db-restore FILE=<file>; make db-dump makes one, and .state/" + o.Stack + "/dumps has those made before a restore or a make down")
	}
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("reading the dump: %w", err)
	}
	defer file.Close()
	reader := bufio.NewReader(file)
	if magic, err := reader.Peek(5); err != nil || string(magic) != "PGDMP" {
		return fmt.Errorf("%s is no dump of make db-dump (pg_dump --format=custom)", name)
	}
	cluster, namespace, err := o.database(ctx)
	if err != nil {
		return err
	}
	if err := o.printTarget(ctx, cluster); err != nil {
		return err
	}
	if err := confirmed(ctx, os.Stdin, fmt.Sprintf("Replace all data of the database in namespace %s by %s?", namespace,
		name)); err != nil {
		return err
	}
	before := o.dumpFile("-before-restore")
	if _, err := o.dump(ctx, cluster, namespace, before); err != nil {
		return fmt.Errorf("nothing was changed, because what is there could not be kept: %w", err)
	}
	fmt.Printf("✓ what was there: %s\n", before)
	cmd := o.inDatabase(ctx, cluster, namespace, []string{"-i"}, replaceAll)
	var said strings.Builder
	cmd.Stdin, cmd.Stderr = reader, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("nothing was changed: restoring %s: %w: %s", name, err, strings.TrimSpace(said.String()))
	}
	fmt.Printf("✓ restored %s\n", name)
	return o.pruneDumps()
}

// confirmed asks a person at a terminal; $FORCE answers yes, and without either the answer is no.
func confirmed(ctx context.Context, in io.Reader, question string) error {
	if os.Getenv("FORCE") != "" {
		return nil
	}
	if file, ok := in.(*os.File); ok && !isTerminal(file) {
		return fmt.Errorf("there is no terminal to ask on (%s): add FORCE=1", question)
	}
	fmt.Printf("%s [y/N] ", question)
	answered := make(chan error, 1)
	go func() {
		answer, err := bufio.NewReader(in).ReadString('\n')
		if a := strings.ToLower(strings.TrimSpace(answer)); a == "y" || a == "yes" {
			answered <- nil
		} else if err != nil && !errors.Is(err, io.EOF) {
			answered <- fmt.Errorf("reading the answer: %w", err)
		} else {
			answered <- errors.New("nothing was changed")
		}
	}()
	select {
	case err := <-answered:
		return err
	case <-ctx.Done(): // Ctrl-C is an answer too
		return errors.New("nothing was changed")
	}
}

// rescueData dumps the stack's own database before it is destroyed. A database that cannot be dumped stops `down` when a
// release has been seen well, and so may have data; $FORCE destroys it all the same.
func (o *Ops) rescueData(ctx context.Context, c Cluster) error {
	keys, err := o.stackConfig()
	if err != nil || keys.Production {
		return err
	}
	if err := o.findKubectl(ctx); err != nil {
		return err
	}
	namespace := keys.namespace(o.Stack)
	if out, err := o.Outputs(ctx); err == nil {
		namespace = out.Namespace // where it runs, whatever the configuration says by now; before the first update has ended nothing says
	}
	text, err := o.kubectl(ctx, c, "-n", namespace, "get", "statefulset/"+services.Database, "persistentvolumeclaim/"+databaseClaim, "--ignore-not-found", "-o", "name", "--request-timeout=15s")
	switch {
	case err == nil && text == "":
		return nil
	case err == nil && !strings.Contains(text, "statefulset") && os.Getenv("FORCE") == "":
		return fmt.Errorf("nothing was destroyed: the volume of the stack's own database (%s) is there, and no database runs that could dump it. pulumi config rm -s %s DATABASE_URL && make up brings it back; make down FORCE=1 destroys it all the same", databaseClaim, o.Stack)
	}
	if keys.DatabaseURL != nil {
		fmt.Printf("  DATABASE_URL names a role of the database that is being destroyed. Before the next make up: pulumi config rm -s %s DATABASE_URL\n", o.Stack)
	}
	file := o.dumpFile("-before-down")
	size, err := o.dump(ctx, c, namespace, file)
	if err == nil {
		fmt.Printf("✓ the database's data is kept: %s  (%s; after the next make up: make db-restore FILE=%s)\n", file, bytesText(size), file)
		return o.pruneDumps()
	}
	releases, listErr := o.releases(c.UID)
	if listErr != nil || (len(releases) > 0 && os.Getenv("FORCE") == "" && ctx.Err() == nil) {
		return errors.Join(fmt.Errorf("nothing was destroyed, because the database's data could not be kept: %w; make down FORCE=1 destroys it all the same", err), listErr)
	}
	fmt.Printf("  The database could not be dumped (%v): its data, if there is any, goes with it.\n", err)
	return ctx.Err()
}

// pruneDumps removes the oldest of the dumps that nobody asked for.
func (o *Ops) pruneDumps() error {
	files, err := filepath.Glob(filepath.Join(o.stackState("dumps"), "*-before-*.dump"))
	if err != nil {
		return fmt.Errorf("looking for old dumps: %w", err)
	}
	slices.Sort(files) // by time, which their names begin with
	for _, old := range files[:max(0, len(files)-keptDumps)] {
		if err := os.Remove(old); err != nil {
			return fmt.Errorf("removing an old dump: %w", err)
		}
	}
	return nil
}

func bytesText(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}
