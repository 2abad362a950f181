"""A server of one's own in a directory that goes away, with what its figures are read from."""

import http.client
import json
import os
import re
import subprocess
import tempfile
import time


class Server:
    def __init__(self, **settings):
        self.home = tempfile.TemporaryDirectory()
        data = self.home.name + "/data"
        env = {"PATH": os.environ["PATH"]} | {f"DOORWARD_{name.upper()}": str(value) for name, value in settings.items()}
        command = [os.environ["DOORWARD_SERVER_BIN"], "--data-dir", data, "--port", "0"]
        log = open(self.home.name + "/log", "w")
        self.process = subprocess.Popen(command, cwd=self.home.name, env=env, stdout=log, stderr=subprocess.STDOUT)
        found = None
        while not found:
            time.sleep(0.05)
            if self.process.poll() is not None:
                raise SystemExit(open(log.name).read())
            found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", open(log.name).read())
        self.port = int(found[1])
        self.key_file = data + "/operator.key"
        self.key = open(self.key_file).read().strip()
        self.database = data + "/doorward.db"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.home.cleanup()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port)

    def cpu(self):
        """Processor time so far, in seconds."""
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self):
        """Most memory so far, in MiB."""
        status = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024


def post(connection, path, body, token=None, want=(200, 201, 204)):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status in want, (path, answer.status, text)
    return json.loads(text or b"null")
