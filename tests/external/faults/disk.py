"""A disk, made from the record of cut.c: what is on it after a power cut at any point of the record."""
import os, random, struct

HEAD = struct.Struct("<cQQIII")
SECTOR = 512


def records(log, start=0):
    """The record from a position on: (position after it, op, file, offset, first path, second path, data)."""
    with open(log, "rb") as file:
        file.seek(start)
        while len(head := file.read(HEAD.size)) == HEAD.size:
            op, ino, at, one, two, length = HEAD.unpack(head)
            body = file.read(one + two + length)
            if len(body) < one + two + length:
                return
            yield file.tell(), op.decode(), ino, at, body[:one].decode(), body[one : one + two].decode(), body[one + two :]


class File:
    def __init__(self, content=b""):
        self.durable = bytearray(content)
        self.live = bytearray(content)
        self.pending = []  # (offset, data), or (length, None) for a truncation

    def change(self, at, data):
        self.pending.append((at, data))
        apply(self.live, at, data)

    def sync(self):
        self.durable = bytearray(self.live)
        self.pending.clear()

    def after_cut(self, keep, chance):
        """`keep`: all, none, or some of what was not synced, torn at sectors."""
        if keep != "some":
            return bytes(self.live if keep == "all" else self.durable)
        content = bytearray(self.durable)
        for at, data in self.pending:
            if chance.random() < 0.5:
                continue
            if data and chance.random() < 0.3:
                data = data[: chance.randrange(0, len(data) + 1, SECTOR)]
            apply(content, at, data)
        return bytes(content)


def apply(content, at, data):
    if data is None:
        if at < len(content):
            del content[at:]
        else:
            content.extend(bytes(at - len(content)))
        return
    if at > len(content):
        content.extend(bytes(at - len(content)))
    content[at : at + len(data)] = data


class Disk:
    """Paths below `home`. An entry is on disk once its directory was synced, a file's content once the file was."""

    def __init__(self, home):
        self.home = home
        self.durable, self.live = {home: None}, {home: None}  # path: file, or None for a directory
        self.pending = []  # changes of entries: (op, from, to, file)
        self.inodes = {}
        for where, folders, files in os.walk(home):
            for name in folders:
                self.durable[f"{where}/{name}"] = self.live[f"{where}/{name}"] = None
            for name in files:
                path = f"{where}/{name}"
                if not name.endswith("-shm"):
                    with open(path, "rb") as content:
                        file = File(content.read())
                    self.inodes[os.stat(path).st_ino] = file
                    self.durable[path] = self.live[path] = file

    def play(self, op, ino, at, one, two, data):
        if op in "CRUML":
            file = None
            if op == "C":
                file = self.inodes[ino] = File()
            elif op in "RL":
                file = self.live.get(one)
            self.pending.append((op, one, two, file))
            entry(self.live, op, one, two, file)
        elif op == "D":
            left = []
            for change in self.pending:
                if os.path.dirname(change[2] or change[1]) == one:
                    entry(self.durable, *change)
                else:
                    left.append(change)
            self.pending = left
        elif ino in self.inodes:
            file = self.inodes[ino]
            if op == "W":
                file.change(at, data)
            elif op == "T":
                file.change(at, None)
            elif op == "S":
                file.sync()

    def cut(self, entries, contents, chance, target):
        """Writes into the directory `target` what a cut now leaves: all, none or some of the entries and contents that
        were not synced."""
        found = dict(self.live if entries == "all" else self.durable)
        if entries == "some":
            for change in self.pending:
                if chance.random() < 0.5:
                    entry(found, *change)
        for path in sorted(found):
            to = target + path[len(self.home) :]
            if found[path] is None:
                os.makedirs(to, exist_ok=True)
            elif os.path.dirname(path) in found:
                os.makedirs(os.path.dirname(to), exist_ok=True)
                with open(to, "wb") as file:
                    file.write(found[path].after_cut(contents, chance))


def entry(entries, op, one, two, file):
    if op in "CM":
        entries[one] = file
    elif op == "U":
        entries.pop(one, None)
    elif op == "R" and file is not None and entries.get(one) is file:
        entries[two] = entries.pop(one)
    elif op == "L" and entries.get(one) is file:
        entries[two] = file
