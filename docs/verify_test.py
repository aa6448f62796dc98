#!/usr/bin/env python3
"""Sets verify.py against `certnode verify` on good files and on spoilt ones: python3 verify_test.py CERTNODE FILE …

Every byte of a file is spoilt in one bit, and so is every byte of what is base64 in it. Neither verifier may accept what the
other refuses. (The third verifier is in the browser, and is the code of the first.)
"""
import base64
import functools
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import verify


# What is spoilt in one place has its other signatures as before: each is computed once.
verify.signed = functools.lru_cache(None)(verify.signed)


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
    binary, *samples = sys.argv[1:]
    with open(verify.__file__, encoding="utf-8") as source:
        assert len(source.readlines()) <= 120, "verify.py is to be read in one sitting: 120 lines at most"
    checked = [compare(binary, sample) for sample in samples]
    files, accepted = (sum(counts) for counts in zip(*checked))
    print(f"test result: ok. {files} passed; 0 failed ({accepted} of them change nothing that is signed)")


def compare(binary, sample):
    with open(sample, "rb") as file:
        good = file.read()
    assert python_accepts(good) and certnode_accepts(binary, good), "the good file " + sample
    files = list(spoilt_files(good, random.Random(1)))
    accepted = 0
    # Spawned: a forked worker would inherit, and never close, the pipes of a `certnode` that another thread is starting just then.
    spawned = multiprocessing.get_context("spawn")
    with ThreadPoolExecutor(os.cpu_count()) as ours_pool, ProcessPoolExecutor(os.cpu_count(), spawned) as theirs_pool:
        all_ours = ours_pool.map(lambda spoilt: certnode_accepts(binary, spoilt[1]), files)
        all_theirs = theirs_pool.map(python_accepts, [spoilt for _, spoilt in files], chunksize=50)
        for (what, spoilt), ours, theirs in zip(files, all_ours, all_theirs):
            assert theirs or not ours, f"{sample}: only CertNode accepts {what}"
            assert ours or not theirs or is_unread(good, spoilt), f"{sample}: only Python accepts {what}"
            accepted += ours
    return len(files), accepted


def is_unread(good, spoilt):
    """Whether what differs is not for Python to read: of the policy all but the logs' keys, and what witnesses signed."""
    logs = [line.split(" ")[1].split("+")[0] for line in json.loads(good)["policy"].split("\n") if line.startswith("log ")]

    def read(name, value):
        lines = value.split("\n") if name.endswith("_proof") else []
        return [line for line in lines if line[:1] != "\u2014" or line.split(" ")[1] in logs] or value
    first, second = ({name: read(name, value) for name, value in json.loads(text).items() if name != "policy"} for text in (good, spoilt))
    return first == second


if __name__ == "__main__":
    main()
