#!/usr/bin/env python3
"""Sets verify.py against `certnode verify` on a good file and on spoilt ones: python3 verify_test.py CERTNODE FILE

Every byte of the file is spoilt in one bit, and so is every byte of what is base64 in it. Neither verifier may accept what the
other refuses. (The third verifier is in the browser, and is the code of the first.)
"""
import base64
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import verify


def python_accepts(text):
    try:
        return all(holds for _, holds in verify.checks(text, None))
    except Exception:  # whatever a spoilt file does to it, it does not accept
        return False


def certnode_accepts(binary, text):
    with tempfile.NamedTemporaryFile(suffix=".certnode") as file:
        file.write(text)
        file.flush()
        return subprocess.run([binary, "verify", file.name], capture_output=True, check=False).returncode == 0


def flipped(data, chance):
    """The data once for each of its bytes, with a bit of that byte turned over."""
    for at in range(len(data)):
        spoilt = bytearray(data)
        spoilt[at] ^= 1 << chance.randrange(8)
        yield at, bytes(spoilt)


def spoilt_files(good, chance):
    for at, text in flipped(good, chance):
        yield f"byte {at}: {good[max(0, at - 20):at + 20]!r}", text
    for found in re.finditer(rb"[A-Za-z0-9+/]{24,}={0,2}", good):
        if len(found[0]) % 4 == 0:
            for at, raw in flipped(base64.b64decode(found[0]), chance):
                what = f"byte {at} of the base64 at {found.start()}: {found[0][:20]!r}"
                yield what, good[:found.start()] + base64.b64encode(raw) + good[found.end():]


def main():
    binary, sample = sys.argv[1:]
    with open(sample, "rb") as file:
        good = file.read()
    assert python_accepts(good) and certnode_accepts(binary, good), "the good file"
    files = list(spoilt_files(good, random.Random(1)))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = pool.map(lambda spoilt: certnode_accepts(binary, spoilt[1]), files)
        accepted = 0
        for (what, spoilt), ours in zip(files, answers):
            theirs = python_accepts(spoilt)
            assert theirs or not ours, "only CertNode accepts " + what
            assert ours or not theirs or is_unread(good, spoilt), "only Python accepts " + what
            accepted += ours
    print(f"test result: ok. {len(files)} passed; 0 failed ({accepted} of them change nothing that is signed)")


def is_unread(good, spoilt):
    """Whether what differs is not for Python to read: of the policy all but the logs' keys, and what witnesses signed."""
    logs = [line.split(" ")[1].split("+")[0] for line in json.loads(good)["policy"].split("\n") if line.startswith("log ")]

    def read(name, value):
        lines = value.split("\n") if name.endswith("_proof") else []
        return [line for line in lines if line[:1] != "\u2014" or line.split(" ")[1] in logs] or value
    first, second = ({name: read(name, value) for name, value in json.loads(text).items() if name != "policy"} for text in (good, spoilt))
    return first == second


main()
