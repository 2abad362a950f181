#!/usr/bin/env python3
"""Has PostgreSQL prepare the store's statements. Usage: prepare.py DATABASE STATEMENTS SOCKET_FOLDER

What SQLite and PostgreSQL write differently is put into PostgreSQL's words first: the names of parameters, and the hints
of `store/sql.rs` about indexes, which PostgreSQL has none of. What is the engine's own is left out, and counted.
"""
import re
import sqlite3
import subprocess
import sys

TYPES = {"BLOB": "bytea", "INTEGER": "bigint", "TEXT": "text", "REAL": "double precision"}

# What an engine has to offer besides: a name for bytes, and three functions. SQLite has all but `fold`, which the store
# defines for it.
OFFERED = """
create domain blob as bytea;
create function fold(text) returns text language sql immutable as 'select lower($1)';
create function hex(bytea) returns text language sql immutable as $$select upper(encode($1, 'hex'))$$;
create function instr(text, text) returns integer language sql immutable as 'select strpos($1, $2)';
"""

# The engine's own, all of them in `store/sqlite`.
OWN = {
    "a transaction, a pragma, a checkpoint, or a change of the schema (a test's), which cannot be prepared": r"(ALTER|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|VACUUM)\b|-- |SELECT 1 FROM pragma_",
    "the index of trigrams": r".*\busers_text\b|SELECT k, v FROM 'main'\.|.*'main'\.",
}


def schema(database):
    """Tables with the same columns, primary keys and unique indexes."""
    names = "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' and name not like 'users_text%'"
    for (table,) in database.execute(names).fetchall():
        columns = database.execute(f"pragma table_info({table})").fetchall()
        parts = [f'"{name}" {TYPES[kind]}' + (" not null" if required else "") for _, name, kind, required, *_ in columns]
        key = [f'"{column[1]}"' for column in sorted(columns, key=lambda column: column[5]) if column[5]]
        if key:
            parts.append(f"primary key ({', '.join(key)})")
        yield f'create table "{table}" ({", ".join(parts)});'
        for _, index, unique, origin, partial in database.execute(f"pragma index_list({table})").fetchall():
            if unique and origin != "pk" and not partial:
                of = [f'"{row[2]}"' for row in database.execute(f"pragma index_info({index})")]
                yield f'create unique index "{index}" on "{table}" ({", ".join(of)});'


def in_words_of_postgres(statement):
    count = 0

    def parameter(found):
        nonlocal count
        count = int(found[1]) if found[1] else count + 1
        return f"${count}"

    statement = re.sub(r" INDEXED BY \w+", "", statement)
    parts = re.split(r"('(?:[^']|'')*')", statement)
    for at in range(0, len(parts), 2):
        without = re.sub(r"(?<=[ (])\+(?=(?:\w\.)?[a-z_]+ )", "", parts[at])
        parts[at] = re.sub(r"\?(\d+)?", parameter, without)
    return "".join(parts)


def refused(script, socket):
    """What PostgreSQL says of each numbered statement that it does not take; of anything before them too."""
    command = ["psql", "-X", "-q", "-h", socket, "-U", "postgres", "postgres"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=True)
    said, number = {}, None
    # The numbers are errors as well, so that all stand in one stream, in order.
    for line in done.stderr.splitlines():
        error = re.search(r"(?:ERROR|NOTICE):  (.*)", line)
        if error and (mark := re.fullmatch(r"statement (\d+)", error[1])):
            number = int(mark[1])
        elif error:
            said.setdefault(number, error[1])
    return said


def main():
    database, statements, socket = sys.argv[1:]
    with open(statements, encoding="utf-8") as file:
        noted = sorted({line.rstrip("\n") for line in file})
    own = {why: [one for one in noted if re.match(pattern, one)] for why, pattern in OWN.items()}
    owned = {one for some in own.values() for one in some}
    asked = [one for one in noted if one not in owned]
    read = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    script = ["\n".join(schema(read)), OFFERED]
    for number, one in enumerate(asked):
        script.append(f"do $$begin raise notice 'statement {number}'; end$$;")
        script.append(f"prepare s{number} as {in_words_of_postgres(one)};")
    said = refused("\n".join(script), socket)
    if None in said:
        sys.exit(f"the tables: {said[None]}")
    for number, why in said.items():
        print(f"FAILED: {why}: {asked[number]}")
    # Fewer than the store has: the tests were not asked, or did not run.
    if len(asked) < 400:
        sys.exit(f"only {len(asked)} statements were noted")
    for why, some in own.items():
        print(f"the engine's own, {why}: {len(some)}")
    print(f"{len(asked) - len(said)} passed, {len(said)} failed")
    sys.exit(1 if said else 0)


if __name__ == "__main__":
    main()
