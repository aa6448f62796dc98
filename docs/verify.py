#!/usr/bin/env python3
"""Checks a CertNode receipt offline: python3 verify.py FILE.certnode [--log VKEY]

Written from docs/api/formats.md and the documents named there. It shares no code with CertNode and needs nothing but Python.
Each step is a line; the exit code is 0 if all hold, 1 if one does not, 2 if the file cannot be opened. Witnesses are not asked.
Without --log the keys are those that the file names: then it proves that nothing was changed, not who made it.
"""
import argparse
import base64
import hashlib
import json
import sys

# Ed25519 (RFC 8032): the field, the order of the base point, and the curve's constant. A point is (x, y).
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def require(condition, why):
    if not condition:
        raise ValueError(why)


def add(p, q):
    (x, y), (u, v) = p, q
    k = D * x * y * u * v
    return (x * v + u * y) * pow(1 + k, -1, P) % P, (y * v + x * u) * pow(1 - k, -1, P) % P


def multiply(scalar, p):
    result = (0, 1)
    for bit in bin(scalar)[2:]:
        result = add(result, result)
        result = add(result, p) if bit == "1" else result
    return result


def point(encoded):
    """RFC 8032 section 5.1.3. Refused: what is not canonical, and points of small order."""
    y, odd = int.from_bytes(encoded, "little") & (2**255 - 1), encoded[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    require((x * x - square) % P == 0 and y < P and not (x == 0 and odd), "this is no point of the curve")
    found = (P - x if x & 1 != odd else x, y)
    require(multiply(8, found) != (0, 1), "this point is of small order")
    return found


BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def signed(public, message, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L
    return len(signature) == 64 and s < L and multiply(s, BASE) == add(point(r), multiply(k, point(public)))


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def decode(text):
    """Base64 (RFC 4648) as it is written in one way only."""
    raw = base64.b64decode(text, validate=True)
    require(base64.b64encode(raw).decode() == text, "this is not canonical base64: " + text)
    return raw


def canonical(value):
    """RFC 8785, for documents whose numbers are whole, as all of CertNode's are."""
    require(not isinstance(value, float), "a number is not whole")
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    return "[" + ",".join(map(canonical, value)) + "]" if isinstance(value, list) else json.dumps(value, ensure_ascii=False)


def key(vkey):
    """A C2SP verifier key: its name, its id, its 32 bytes."""
    name, key_id, rest = vkey.split("+", 2)
    typed = decode(rest)
    genuine = len(typed) == 33 and typed[0] == 1 and sha256(name.encode(), b"\n", typed)[:4].hex() == key_id
    require(genuine, "this is no Ed25519 verifier key: " + vkey)
    return name, key_id, typed[1:]


def root(index, size, leaf, path):
    """RFC 9162 section 2.1.3.2: the root that an inclusion proof leads to."""
    node, last = index, size - 1
    for sibling in path:
        require(last > 0 and len(sibling) == 32, "the proof has another length than the tree")
        if node & 1 or node == last:
            leaf = sha256(b"\x01", sibling, leaf)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            leaf = sha256(b"\x01", leaf, sibling)
        node, last = node >> 1, last >> 1
    require(0 <= index < size and last == 0, "the proof is too short, or the entry is not in a tree of that size")
    return leaf


def is_revoked(vkey, size, revoked):
    return any(gone == vkey and at <= size for at, gone in revoked)


def proof(text, entry, vkeys, revoked):
    """A C2SP tlog-proof: the checkpoint's text, whether the entry is under its root, and whether the log's key signed it.

    Of several keys that signed, as while one replaces another, each must hold, and one must not be revoked for that size.
    """
    head, _, note = text.partition("\n\n")
    lines = [line for line in head.split("\n") if not line.startswith("extra ")]
    require(lines[0] == "c2sp.org/tlog-proof@v1" and lines[1].startswith("index "), "this is no tlog-proof")
    text, _, signatures = note.partition("\n\n")
    origin, size, signed_root = text.split("\n")[:3]
    reached = root(int(lines[1][6:]), int(size), sha256(b"\x00", entry), [decode(line) for line in lines[2:]])
    *lines, rest = [line.split(" ") for line in signatures.split("\n")]
    require(rest == [""] and all(line[0] == "\u2014" and len(line) == 3 for line in lines), "this is no signed note")
    blobs, keys = [(name, decode(blob)) for _, name, blob in lines], [(*key(vkey), vkey) for vkey in vkeys]
    found = [(signed(public, text.encode() + b"\n", blob[4:]), not is_revoked(vkey, int(size), revoked))
             for name, blob in blobs for own, key_id, public, vkey in keys
             if own == name == origin and key_id == blob[:4].hex()]
    by_log = all(holds for holds, _ in found) and any(believed for _, believed in found)
    return text + "\n", base64.b64encode(reached).decode() == signed_root, by_log


def checks(bundle, trusted):
    """Yields the sentence of each step and whether it holds."""
    members = {"format", "statement", "payload", "salt", "tenant_proof", "root_proof", "policy", "key_events"}
    require(bundle["format"] == "certnode/bundle/v1" and not set(bundle) - members, "this is no receipt bundle")
    require(("payload" in bundle) == ("salt" in bundle), "the contents and their salt come together")
    entry = decode(bundle["statement"])
    statement = json.loads(entry)
    yield "the statement is canonical JSON", canonical(statement).encode() == entry
    if "payload" in bundle:
        commitment = sha256(decode(bundle["salt"]), canonical(bundle["payload"]).encode()).hex()
        yield "the contents are what was committed to", commitment == statement["payload"]["sha256"]
    else:
        print("  --   the contents are not in the file")
    events = bundle["key_events"]
    known = all(event["event"] in ("issuing_key", "key_revoked") and len(event) == 3 for event in events)
    require(known, "something happened to a key that is not known here")
    index = int(bundle["tenant_proof"].split("\nindex ")[1].split("\n")[0])
    issuers = [(event["from_size"], event["vkey"]) for event in events if event["event"] == "issuing_key"]
    revoked = [(event["from_size"], event["vkey"]) for event in events if event["event"] == "key_revoked"]
    sizes = [size for size, _ in issuers]
    require(sizes[0] == 0 and sizes == sorted(set(sizes)), "the issuing keys do not follow one another")
    issuer = [vkey for size, vkey in issuers if size <= index][-1]
    name, key_id, public = key(issuer)
    ours = key_id == statement["kid"] and name == statement["log"] + "/issuer"
    signature, unsigned = decode(statement.pop("sig")), canonical(statement).encode()
    yield "the issuer signed this receipt", ours and signed(public, b"certnode/receipt/v1\n" + unsigned, signature)
    for other in statement["refs"]:
        if isinstance(other, dict):
            print("  --   it", other["relation"], other["id"])
    if revoked:
        yield "the issuer's key was not revoked for it", not is_revoked(issuer, index, revoked)
    keys = [line.split(" ")[1] for line in bundle["policy"].split("\n") if line.startswith("log ")]
    text, included, by_log = proof(bundle["tenant_proof"], entry, [trusted] if trusted else keys, revoked)
    yield "the log includes this receipt", included
    yield "the log signed its state", by_log and text.split("\n")[0] == statement["log"]
    if "root_proof" in bundle:
        _, included, by_root = proof(bundle["root_proof"], text.encode(), keys, revoked)
        yield "the root log includes the log's state, and signed its own", included and by_root


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("file", type=argparse.FileType("rb"))
    options.add_argument("--log", help="the verifier key of the log that you trust")
    given, results = options.parse_args(), []
    try:
        for sentence, holds in checks(json.load(given.file), given.log):
            print(" ok   " if holds else "FAILED", sentence)
            results.append(holds)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        sys.exit(f"FAILED {error}")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
