#!/bin/sh
# Run once by the PostgreSQL image: the two roles, which are no superusers, and their database. onecard owns the tables
# and migrates them; onecard_app is the role of everything else.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<SQL
CREATE ROLE onecard LOGIN PASSWORD '$(cat /run/secrets/onecard_owner_password)';
CREATE ROLE onecard_app LOGIN PASSWORD '$(cat /run/secrets/onecard_password)';
CREATE DATABASE onecard OWNER onecard;
SQL
