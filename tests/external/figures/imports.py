"""`doorward users import` of 100,000 people with bcrypt hashes, which are not computed."""

import json
import os
import resource
import subprocess
import time

from server import Server

COUNT = 100_000
HASH = "$2b$10$P4xFO5cnNqvvWFwmmrYzouKy/EsWh25x7L80u5/vKcfXpV0z2smX."

with Server() as server:
    path = server.home.name + "/people.jsonl"
    with open(path, "w") as file:
        for n in range(COUNT):
            row = {"email": f"person{n}@example.com", "firstName": "Ada", "lastName": f"Lovelace {n}", "passwordHash": HASH}
            file.write(json.dumps(row) + "\n")
    command = [os.environ["DOORWARD_BIN"], "--server", f"http://127.0.0.1:{server.port}", "--key-file", server.key_file]
    begun, spent = time.monotonic(), server.cpu()
    subprocess.run([*command, "users", "import", path], check=True, stdout=subprocess.DEVNULL)
    took = time.monotonic() - begun
    cli = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"import: {COUNT} rows in {took:.0f} s; processor time {server.cpu() - spent:.0f} s of the server and "
        f"{cli.ru_utime + cli.ru_stime:.0f} s of the CLI; most memory {server.peak()} and {cli.ru_maxrss // 1024} MiB; "
        f"database {os.path.getsize(server.database) // 2**20} MiB"
    )
