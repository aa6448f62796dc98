#!/usr/bin/env python3
"""Sets verify.py against `certnode verify` on a good file and on thousands of spoilt ones: python3 verify_test.py CERTNODE FILE

Neither may accept what the other refuses, but for one thing: CertNode also refuses a file that says the same in another
way (more blanks, a name twice), which Python's JSON reader does not see.
"""
import contextlib
import io
import json
import random
import subprocess
import sys
import tempfile

import verify


def python_accepts(text):
    try:
        bundle = json.loads(text)
        with contextlib.redirect_stdout(io.StringIO()):
            return all(holds for _, holds in verify.checks(bundle, None))
    except Exception:  # whatever a spoilt file does to it, it does not accept
        return False


def certnode_accepts(binary, path, text):
    with open(path, "wb") as file:
        file.write(text)
    return subprocess.run([binary, "verify", path], capture_output=True, check=False).returncode == 0


def main():
    binary, sample = sys.argv[1:]
    with open(sample, "rb") as file:
        good = file.read()
    chance, rounds, accepted = random.Random(1), 1500, 0
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/receipt.certnode"
        assert python_accepts(good) and certnode_accepts(binary, path, good), "the good file"
        for _ in range(rounds):
            at, spoilt = chance.randrange(len(good)), bytearray(good)
            spoilt[at] ^= 1 << chance.randrange(8)
            ours, theirs = certnode_accepts(binary, path, spoilt), python_accepts(bytes(spoilt))
            what = f"byte {at}: {good[max(0, at - 20):at + 20]!r}"
            assert theirs or not ours, "only CertNode accepts " + what
            assert ours or not theirs or unread(good, spoilt), "only Python accepts " + what
            accepted += ours
    print(f"test result: ok. {rounds} passed; 0 failed ({accepted} of them change nothing that is signed)")


def unread(good, spoilt):
    """Whether two files are the same to the checks: what differs is not read by them."""
    first, second = json.loads(good), json.loads(bytes(spoilt))
    read = ("statement", "payload", "salt", "tenant_proof", "root_proof", "key_events")
    return all(first.get(name) == second.get(name) for name in read)


main()
