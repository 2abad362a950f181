"""Power cuts and failing calls, against a ledger of what was answered.

A library preloaded into the server records its writes, syncs, renames and removals (cut.c). From the record come the
disks that a power cut leaves anywhere in it (disk.py). On each of them every acknowledged change must be there, and every
other one wholly or not at all; a restore leaves the old database or the new one, `operator-key` a key that works.
Then calls fail one by one in the same commands. CUTS_SEED chooses other cuts, CUTS_MANY=10 ten times as many."""
import concurrent.futures, contextlib, hashlib, http.client, itertools, json, os, random, shutil, signal, sqlite3, subprocess, sys, tempfile, time

from disk import Disk, records

SERVER = os.environ["DOORWARD_SERVER_BIN"]
HERE = os.path.dirname(os.path.abspath(__file__))
MANY = float(os.environ.get("CUTS_MANY", "1"))
SEED = int(os.environ.get("CUTS_SEED", "1"))
CHANCE = random.Random(SEED)
WORK = tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
PASSWORD = "correct horse battery"
VARIANTS = [("none", "none"), ("all", "all"), ("all", "none"), ("none", "all"), ("some", "some"), ("some", "some")]
failures, disks = [], 0


def library():
    built = f"{WORK}/cut.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", built, f"{HERE}/cut.c", "-ldl", "-lpthread"], check=True)
    return built


def environment(home, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DOORWARD_", "ROCKET_", "CUT"))}
    env |= {"LD_PRELOAD": LIBRARY, "CUT_DIR": home, "DOORWARD_ARGON2_MEMORY_KIB": "64", "DOORWARD_ARGON2_ITERATIONS": "1",
            "DOORWARD_REGISTRATIONS_PER_HOUR_PER_IP": "0", "DOORWARD_PASSWORD_CHECKS_PER_MINUTE_PER_IP": "0",
            "DOORWARD_ISSUER": "http://cuts.example", "DOORWARD_SIGNING_ALGORITHM": "EdDSA"}
    return env | {k: str(v) for k, v in more.items()}


def run(home, *args, **more):
    return subprocess.run([SERVER, "--data-dir", f"{home}/data", *args], env=environment(home, **more), cwd=home,
                          capture_output=True, text=True, timeout=60)


class Server:
    def __init__(self, home, **more):
        self.p = subprocess.Popen([SERVER, "--data-dir", f"{home}/data", "--port", "0"], env=environment(home, **more), cwd=home,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.p.stdout.readline()
        assert "listening on" in line, "the server does not start"
        self.port = int(line.strip().rsplit(":", 1)[1])

    def call(self, method, path, body=None, bearer=None):
        http_ = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        head = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        http_.request(method, path, json.dumps(body) if body is not None else None, head)
        answer = http_.getresponse()
        text = answer.read().decode()
        http_.close()
        return answer.status, json.loads(text) if text else {}

    def end(self, how=signal.SIGKILL):
        self.p.send_signal(how)
        self.p.wait(10)


def failed(what):
    failures.append(what)
    print("FAILED:", what)


class Found:
    """What a database holds, or why it cannot be read."""

    def __init__(self, home):
        self.damage, self.emails, self.dead, self.keys = None, set(), set(), set()
        path = f"{home}/data/doorward.db"
        self.there = os.path.exists(path) and os.path.getsize(path) > 0
        with contextlib.suppress(OSError):
            with open(f"{home}/data/operator.key") as file:
                self.operator = hashlib.sha256(file.read().strip().encode()).digest()
        if not self.there:
            return
        try:
            with contextlib.closing(sqlite3.connect(path)) as db:
                whole = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
                self.damage = None if whole == "ok" else whole
                if db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
                    self.there = False
                    return
                self.emails = {row[0] for row in db.execute("SELECT email FROM users")}
                self.dead = {row[0] for row in db.execute(
                    "SELECT email FROM users WHERE id IN (SELECT user_id FROM sessions WHERE revoked_at IS NOT NULL)")}
                self.keys = {row[0] for row in db.execute("SELECT hash FROM api_keys WHERE revoked_at IS NULL")}
                sessions = db.execute("SELECT count(*) FROM sessions").fetchone()[0]
                if sessions != len(self.emails):
                    self.damage = f"{sessions} sessions of {len(self.emails)} people: half a registration"
        except sqlite3.DatabaseError as error:
            self.damage = str(error)

    operator = None


def cut_disks(disk, label):
    """The disks that a cut now leaves, one after another."""
    global disks
    for number, (entries, contents) in enumerate(VARIANTS):
        target = f"{WORK}/disk"
        shutil.rmtree(target, ignore_errors=True)
        disk.cut(entries, contents, CHANCE, target)
        disks += 1
        yield target, f"{label}, {entries} of the entries and {contents} of the contents kept"


def serve(blind=None):
    """A first start, people signing up and out, a kill, a second start, a stop: cut anywhere. Answers how many disks
    were wrong."""
    home, log, before = tempfile.mkdtemp(dir=WORK), f"{WORK}/log-{blind}", len(failures)
    disk, ledger = Disk(home), []
    more = {"CUT_LOG": log} | ({"CUT_BLIND": blind} if blind else {})
    position = lambda: os.path.getsize(log)

    def person(server, number):
        email, sent = f"p{number}@example.com", position()
        status, body = server.call("POST", "/auth/register", {"email": email, "password": PASSWORD})
        assert status == 201, body
        ledger.append(("emails", email, sent, position()))
        if number % 3 == 0:
            sent = position()
            assert server.call("POST", "/auth/logout", bearer=body["accessToken"])[0] == 204
            ledger.append(("dead", email, sent, position()))

    first = None
    for round_, how in enumerate([signal.SIGKILL, signal.SIGTERM]):
        server = Server(home, **more)
        first = first or position()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: person(server, n), range(round_ * 40, round_ * 40 + 40)))
        server.end(how)
    play = list(records(log))
    chosen = set(CHANCE.sample(range(len(play)), min(len(play), int(150 * MANY)))) | {len(play) - 1}
    for index, (at, *what) in enumerate(play):
        disk.play(*what)
        if index not in chosen:
            continue
        for target, label in cut_disks(disk, f"serving, cut at {index} of {len(play)}"):
            found = Found(target)
            wrong = [found.damage] if found.damage else []
            for kind, email, sent, answered in ledger:
                there = email in getattr(found, kind)
                if at >= answered and not there:
                    wrong.append(f"{email}: what was acknowledged is gone ({kind})")
                if at < sent and there:
                    wrong.append(f"{email}: there before it was asked for ({kind})")
            if at >= first and found.operator not in found.keys:
                wrong.append("the operator key does not work")
            if wrong and blind is None:
                failed(f"{label}: {wrong[0]}")
            if wrong and blind:
                failures.append(wrong[0])
    wrong = len(failures) - before
    if blind:
        del failures[before:]
    shutil.rmtree(home)
    return wrong


def prepared():
    """A directory whose database has a log with people that the backup `b.db` beside it does not know."""
    home = tempfile.mkdtemp(dir=WORK)
    server = Server(home)
    sign_up = lambda name: server.call("POST", "/auth/register", {"email": f"{name}@example.com", "password": PASSWORD})
    for number in range(5):
        assert sign_up(f"old{number}")[0] == 201
    assert run(home, "backup", f"{home}/b.db").returncode == 0
    for number in range(20):
        assert sign_up(f"late{number}")[0] == 201
    server.end()
    assert os.path.getsize(f"{home}/data/doorward.db-wal") > 0
    return home


OLD = {f"old{n}@example.com" for n in range(5)} | {f"late{n}@example.com" for n in range(20)}
NEW = {f"old{n}@example.com" for n in range(5)}


def restored(target, label, done):
    found = Found(target)
    wanted = [NEW] if done else [OLD, NEW]
    if found.damage or not found.there:
        failed(f"{label}: {found.damage or 'no database'}")
    elif found.emails not in wanted:
        failed(f"{label}: {len(found.emails)} people: neither the old database nor the new one")


def minted(target, label, done):
    found = Found(target)
    if found.damage or found.emails != OLD:
        failed(f"{label}: {found.damage or 'people are missing'}")
    elif found.operator not in found.keys:
        failed(f"{label}: operator.key does not work")


def backed_up(target, label, done):
    found = Found(target)
    if found.damage or found.emails != OLD:
        failed(f"{label}: {found.damage or 'people are missing'}")
    copy = f"{target}/data/copy.db"
    if done and not os.path.exists(copy):
        failed(f"{label}: the backup is gone")
    if os.path.exists(copy):
        with contextlib.closing(sqlite3.connect(copy)) as db:
            if db.execute("SELECT count(*) FROM users").fetchone()[0] != len(OLD):
                failed(f"{label}: the backup is not whole")


COMMANDS = [
    (("restore", "--force", "b.db"), restored),
    (("operator-key",), minted),
    (("backup", "data/copy.db"), backed_up),
]


def cut_command(start, args, judge):
    home, log = f"{WORK}/home", f"{WORK}/log-{args[0]}"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(start, home)
    disk = Disk(home)
    done = run(home, *args, CUT_LOG=log)
    assert done.returncode == 0, done.stderr
    play = list(records(log))
    every = max(1, int(len(play) / (150 * MANY)))
    for index, (at, *what) in enumerate(play):
        disk.play(*what)
        last = index == len(play) - 1
        if index % every == 0 or index > len(play) - 60 or last:
            for target, label in cut_disks(disk, f"{args[0]}, cut at {index} of {len(play)}"):
                judge(target, label, last)


def fail_command(start, args, judge, most):
    home, count = f"{WORK}/home", f"{WORK}/count"

    def once(**more):
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(start, home)
        return run(home, *args, CUT_COUNT=count, **more)

    once()
    with open(count) as file:
        calls = int(file.read())
    every = max(1, int(calls / (most * MANY)))
    for call in range(1 + CHANCE.randrange(every), calls + 1, every):
        errno, sticky = [(5, {}), (28, {}), (5, {"CUT_STICKY": 1})][call // every % 3]
        done = once(CUT_FAIL=call, CUT_ERRNO=errno, **sticky)
        label = f"{args[0]}, call {call} of {calls} fails with {errno} {'from then on' if sticky else ''}"
        if done.returncode not in (0, 1):
            failed(f"{label}: ended with {done.returncode}")
        if done.returncode == 1 and "/" not in done.stderr and "stdout" not in done.stderr:
            print(f"note: {label}: no file is named: {done.stderr.strip()}")
        judge(home, label, done.returncode == 0)


def refused_sync(start):
    """A commit whose sync fails: what is answered as undone does not come back, and what may come back is not called
    undone."""
    for kept in ["", "all"]:
        home, trigger = f"{WORK}/home", f"{WORK}/trigger"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(start, home)
        server = Server(home, CUT_TRIGGER=trigger)
        with open(trigger, "w") as file:
            file.write(kept)
        status, body = server.call("POST", "/auth/register", {"email": "new@example.com", "password": PASSWORD})
        told = "nothing was done" in str(body)
        server.end()
        there = "new@example.com" in Found(home).emails
        label = f"a sync of the log that is refused {'again and again' if kept else 'once'}"
        if status != 503:
            failed(f"{label}: answered {status}")
        if told and there:
            failed(f"{label}: answered that nothing was done, and it is there after a kill")
        if told == bool(kept):
            failed(f"{label}: {'told' if told else 'did not tell'} that nothing was done")
        with contextlib.suppress(FileNotFoundError):
            os.remove(trigger)
        server = Server(home)
        if server.call("POST", "/auth/login", {"email": "old1@example.com", "password": PASSWORD})[0] != 200:
            failed(f"{label}: nobody can sign in afterwards")
        server.end()


def first_starts():
    """A first start that was cut anywhere is completed by the next."""
    home, log = tempfile.mkdtemp(dir=WORK), f"{WORK}/log-first"
    disk = Disk(home)
    Server(home, CUT_LOG=log).end(signal.SIGTERM)
    play = list(records(log))
    for index in range(len(play)):
        disk.play(*play[index][1:])
        if index % max(1, int(len(play) / (12 * MANY))) == 0:
            target, label = next(itertools.islice(cut_disks(disk, f"first start, cut at {index} of {len(play)}"), CHANCE.randrange(6), None))
            try:
                Server(target).end(signal.SIGTERM)
            except AssertionError:
                failed(f"{label}: the next start fails: {run(target, 'serve', '--port', '0').stderr.strip()}")


started = time.monotonic()
try:
    LIBRARY = library()
    if os.environ.get("CUTS_ONLY") in (None, "serve"):
        wrong = serve()
        print(f"serving: {disks} disks, {wrong} wrong")
        # A check that cannot fail is none: without the syncs of the log, as with synchronous=NORMAL, changes are lost.
        blind = serve("-wal")
        print(f"serving, the log's syncs left out: {blind} wrong, as it must be")
        if not blind:
            failed("a log that is not synced went unnoticed")
    if os.environ.get("CUTS_ONLY") in (None, "commands"):
        first_starts()
        ready = prepared()
        for args, judge in COMMANDS:
            cut_command(ready, args, judge)
            fail_command(ready, args, judge, 120 if args[0] == "restore" else 60)
            print(f"{args[0]}: {disks} disks so far")
        refused_sync(ready)
    print(f"{disks} disks in {time.monotonic() - started:.0f} s, seed {SEED}: {len(failures)} wrong")
finally:
    shutil.rmtree(WORK, ignore_errors=True)
sys.exit(1 if failures else 0)
