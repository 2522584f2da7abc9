"""Starts `everform serve` for the scripts beside this one, and stops it."""
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

PROGRAM = os.environ.get("EVERFORM_BINARY", "build/release/bin/everform")


class Server:
    """A server on a free port for the time of a `with` block."""

    def __init__(self, model, *options, ready=True):
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [PROGRAM, "serve", model, "--port", "0", "--quiet", *options], stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["listening"]
        self.port = int(self.url.rsplit(":", 1)[1])
        while ready and self.get("/health")["status"] == "loading":
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def post(self, path, body, timeout=300):
        """The answer's status and JSON."""
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def metrics(self):
        """Metrics without labels, by name."""
        with urllib.request.urlopen(self.url + "/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, value in
                (line.split() for line in lines if line and not line.startswith("#") and "{" not in line)}

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            line = next(line for line in status if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024

    def stop(self):
        """SIGTERM. Returns the seconds until the process ended, and its status."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=30)
        return time.monotonic() - began, status
