#!/bin/sh
# Makes the database at the first start as the official image does, then becomes the server.
#   POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE   the superuser's password; required
#   POSTGRES_USER (postgres), POSTGRES_DB (the user's name), PGDATA, POSTGRES_INITDB_ARGS
set -eu

case "${1:-}" in
-* | "") set -- postgres "$@" ;;
esac
if [ "$1" != postgres ]; then exec "$@"; fi
for argument; do
	case "$argument" in
	--help | -\? | --version | -V | --describe-config) exec "$@" ;;
	esac
done

if [ "$(id -u)" = 0 ]; then
	mkdir -p "$PGDATA"
	chown -R postgres:postgres "$PGDATA" /var/run/postgresql
	exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ -s "$PGDATA/PG_VERSION" ]; then exec "$@"; fi

if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE"); fi
if [ -z "${POSTGRES_PASSWORD:-}" ]; then
	echo "the database is not initialised and POSTGRES_PASSWORD is not set: set it to a non-empty password" >&2
	exit 1
fi
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

mkdir -p "$PGDATA"
chmod 0700 "$PGDATA" || echo "$PGDATA: its mode cannot be changed; going on" >&2
# The password goes through a file: an argument could be read by anyone in the process list.
password=$(mktemp)
printf '%s\n' "$POSTGRES_PASSWORD" > "$password"
# shellcheck disable=SC2086 # several arguments in one variable
initdb --username="$user" --pwfile="$password" --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 \
	${POSTGRES_INITDB_ARGS:-}
rm "$password"
echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"

# First a server that only the socket reaches, so that nobody connects before the database is there.
pg_ctl --wait start --options="-c listen_addresses=''"
if [ "$database" != postgres ]; then
	psql --username="$user" --dbname=postgres --set=ON_ERROR_STOP=1 --set=name="$database" --no-psqlrc <<-'SQL'
		CREATE DATABASE :"name";
	SQL
fi
for file in /docker-entrypoint-initdb.d/*; do
	case "$file" in
	*.sh) sh "$file" ;;
	*.sql) psql --username="$user" --dbname="$database" --set=ON_ERROR_STOP=1 --no-psqlrc --file="$file" ;;
	esac
done
pg_ctl --wait --mode=fast stop
exec "$@"
