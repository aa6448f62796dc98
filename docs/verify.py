#!/usr/bin/env python3
"""Checks a CertNode receipt offline: python3 verify.py FILE.certnode [--log VKEY]

Written from docs/api/formats.md and the documents named there. It shares no code with CertNode and needs nothing but Python.
Each step is a line; the exit code is 0 if all hold, 1 if one does not, 2 if the file cannot be read.
Without --log the keys are those that the file names: then it proves that nothing was changed, not who made it.
"""
import base64
import hashlib
import json
import sys

# Ed25519 (RFC 8032): the field, the order of the base point, the curve's constant, and points as (X, Y, Z, T).
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def point(encoded):
    """RFC 8032 section 5.1.3. Refused: what is not canonical, and points of small order."""
    y, odd = int.from_bytes(encoded, "little") & (2**255 - 1), encoded[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or y >= P or (x == 0 and odd):
        raise ValueError("this is no point of the curve")
    x = P - x if x & 1 != odd else x
    found = (x, y, 1, x * y % P)
    if same(multiply(8, found), (0, 1, 1, 0)):
        raise ValueError("this point is of small order")
    return found


BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def signed(public, message, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L
    return len(signature) == 64 and s < L and same(multiply(s, BASE), add(point(r), multiply(k, point(public))))


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def decode(text):
    """Base64 (RFC 4648) as it is written in one way only."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("this is not canonical base64: " + text)
    return raw


def canonical(value):
    """RFC 8785, for documents whose numbers are whole, as all of CertNode's are."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        raise ValueError("a number is not whole")
    return json.dumps(value, ensure_ascii=False)


def key(vkey):
    """A C2SP verifier key: its name, its id, its 32 bytes."""
    name, key_id, rest = vkey.split("+", 2)
    kind_and_key = decode(rest)
    if len(kind_and_key) != 33 or kind_and_key[0] != 1 or sha256(name.encode(), b"\n", kind_and_key)[:4].hex() != key_id:
        raise ValueError("this is no Ed25519 verifier key: " + vkey)
    return name, key_id, kind_and_key[1:]


def root(index, size, leaf, path):
    """RFC 9162 section 2.1.3.2: the root that an inclusion proof leads to."""
    if index >= size:
        raise ValueError("the entry is not in a tree of that size")
    node, last, hash_ = index, size - 1, leaf
    for sibling in path:
        if last == 0 or len(sibling) != 32:
            raise ValueError("the proof has another length than the tree")
        if node & 1 or node == last:
            hash_ = sha256(b"\x01", sibling, hash_)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            hash_ = sha256(b"\x01", hash_, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return hash_


def checks(bundle, trusted):
    """Yields the sentence of each step and whether it holds."""
    members = {"format", "statement", "payload", "salt", "tenant_proof", "root_proof", "policy", "key_events"}
    if bundle["format"] != "certnode/bundle/v1" or set(bundle) - members:
        raise ValueError("this is no receipt bundle")
    entry = decode(bundle["statement"])
    statement = json.loads(entry)
    yield "the statement is canonical JSON", canonical(statement).encode() == entry
    if ("payload" in bundle) != ("salt" in bundle):
        raise ValueError("the contents and their salt come together")
    if "payload" in bundle:
        salt = decode(bundle["salt"])
        commitment = sha256(salt, canonical(bundle["payload"]).encode()).hex()
        yield "the contents are what was committed to", commitment == statement["payload"]["sha256"]
    else:
        print("  --  the contents are not in the file")
    events = bundle["key_events"]
    if not all(event["event"] in ("issuing_key", "key_revoked") and len(event) == 3 for event in events):
        raise ValueError("something happened to a key that is not known here")
    index = int(bundle["tenant_proof"].split("\nindex ")[1].split("\n")[0])
    issuers = [(event["from_size"], event["vkey"]) for event in events if event["event"] == "issuing_key"]
    sizes = [size for size, _ in issuers]
    if sizes[0] != 0 or sizes != sorted(set(sizes)):
        raise ValueError("the issuing keys do not follow one another")
    issuer = [vkey for size, vkey in issuers if size <= index][-1]
    name, key_id, public = key(issuer)
    ours = key_id == statement["kid"] and name == statement["log"] + "/issuer"
    signature = decode(statement.pop("sig"))
    message = b"certnode/receipt/v1\n" + canonical(statement).encode()
    yield "the issuer signed this receipt", ours and signed(public, message, signature)
    for other in statement["refs"]:
        if isinstance(other, dict):
            print("  --  it", other["relation"], other["id"])
    revoked = [(event["vkey"], event["from_size"]) for event in events if event["event"] == "key_revoked"]
    if revoked:
        yield "the issuer's key was not revoked for it", not any(vkey == issuer and at <= index for vkey, at in revoked)
    keys = [line.split(" ")[1] for line in bundle["policy"].split("\n") if line.startswith("log ")]
    text, included, by_log = proof(bundle["tenant_proof"], entry, [trusted] if trusted else keys, revoked)
    yield "the log includes this receipt", included
    yield "the log signed its state", by_log and text.split("\n")[0] == statement["log"]
    if "root_proof" in bundle:
        _, included, by_root = proof(bundle["root_proof"], text.encode(), keys, revoked)
        yield "the root log includes the log's state, and signed its own", included and by_root


def proof(text, entry, vkeys, revoked):
    """A C2SP tlog-proof: the checkpoint's text, whether the entry is under its root, and whether the log's key signed it.

    Of several keys that signed, as while one replaces another, each must hold, and one must not be revoked for that size.
    """
    keys = [(*key(vkey), vkey) for vkey in vkeys]
    head, _, note = text.partition("\n\n")
    lines = [line for line in head.split("\n") if not line.startswith("extra ")]
    if lines[0] != "c2sp.org/tlog-proof@v1" or not lines[1].startswith("index "):
        raise ValueError("this is no tlog-proof")
    hashes = [decode(line) for line in lines[2:]]
    text, _, signatures = note.partition("\n\n")
    origin, size, signed_root = text.split("\n")[:3]
    reached = root(int(lines[1].removeprefix("index ")), int(size), sha256(b"\x00", entry), hashes)
    lines = signatures.split("\n")
    if lines.pop() or not all(line.startswith("\u2014 ") for line in lines):
        raise ValueError("the checkpoint is no signed note")
    found = []
    for line in lines:
        _, name, blob = line.split(" ")
        blob = decode(blob)
        known = [(public, vkey) for own, key_id, public, vkey in keys if own == name == origin and key_id == blob[:4].hex()]
        for public, vkey in known[:1]:
            believed = not any(vkey == gone and at <= int(size) for gone, at in revoked)
            found.append((signed(public, text.encode() + b"\n", blob[4:]), believed))
    by_log = all(holds for holds, _ in found) and any(believed for _, believed in found)
    return text + "\n", base64.b64encode(reached).decode() == signed_root, by_log


def main():
    trusted = sys.argv[3] if sys.argv[2:3] == ["--log"] and len(sys.argv) == 4 else None
    if len(sys.argv) != (4 if trusted else 2):
        sys.exit(__doc__)
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            bundle = json.load(file)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    try:
        results = []
        for sentence, holds in checks(bundle, trusted):
            print(" ok   " if holds else "FAILED", sentence)
            results.append(holds)
    except (ValueError, KeyError, IndexError, StopIteration, TypeError) as error:
        print("FAILED", error)
        sys.exit(1)
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
