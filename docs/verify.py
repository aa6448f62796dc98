#!/usr/bin/env python3
"""Checks a CertNode receipt offline: python3 verify.py FILE.certnode [--log VKEY]
Written from docs/api/formats.md; shares no code with CertNode. Ends with 0 if every step holds, 1 if not, 2 if there is no file.
Without --log the keys are those that the file names: that shows that nothing was changed, not who made it. Asks no witness."""
import argparse, base64, hashlib, json, sys

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # Ed25519 (RFC 8032): the field, the base point's order,
D = -121665 * pow(121666, -1, P) % P  # and the curve's constant; a point is (x, y)

def require(condition, why):
    if not condition:
        raise ValueError(why)

def add(p, q):
    (x, y), (u, v) = p, q
    k = D * x * y * u * v
    return (x * v + u * y) * pow(1 + k, -1, P) % P, (y * v + x * u) * pow(1 - k, -1, P) % P

def multiply(scalar, p):
    rest = multiply(scalar >> 1, add(p, p)) if scalar else (0, 1)
    return add(rest, p) if scalar & 1 else rest

def point(encoded):
    """RFC 8032 section 5.1.3. Refused: what is not canonical, and points of small order."""
    y, odd = int.from_bytes(encoded, "little") & (2**255 - 1), encoded[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    require(x * x % P == square and y < P and multiply(8, (x, y)) != (0, 1), "this is no point of the curve")
    return x if x & 1 == odd else P - x, y

def signed(public, message, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L
    base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    return len(signature) == 64 and s < L and multiply(s, base) == add(point(r), multiply(k, point(public)))

def decode(text):  # base64 (RFC 4648), spelt in the one right way
    raw = base64.b64decode(text, validate=True)
    require(base64.b64encode(raw).decode() == text, "this is not base64: " + text)
    return raw

def ordered(pairs):  # the members of an object as RFC 8785 puts them
    require(len(dict(pairs)) == len(pairs), "a name stands twice")
    return dict(sorted(pairs, key=lambda pair: pair[0].encode("utf-16-be")))

parse = json.JSONDecoder(object_pairs_hook=ordered, parse_float=int).decode
canonical = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

def key(vkey):  # a C2SP verifier key: its name, its id, its 32 bytes
    name, key_id, typed = vkey.split("+", 2)
    kind, public = decode(typed)[:1], decode(typed)[1:]
    hashed = hashlib.sha256(name.encode() + b"\n" + kind + public).hexdigest()
    require(kind == b"\x01" and len(public) == 32 and hashed[:8] == key_id, "this is no Ed25519 key: " + vkey)
    return name, key_id, public

def root(index, size, leaf, path):
    """RFC 6962 section 2.1.1, from the top down: the root that an inclusion proof leads to."""
    require(0 <= index < size and bool(path) == (size > 1), "the proof does not fit the tree")
    if size == 1:
        return leaf
    left = 1 << (size - 1).bit_length() - 1
    if index < left:
        return hashlib.sha256(b"\x01" + root(index, left, leaf, path[:-1]) + path[-1]).digest()
    return hashlib.sha256(b"\x01" + path[-1] + root(index - left, size - left, leaf, path[:-1])).digest()

def proof(text, entry, vkeys, revoked):
    """A C2SP tlog-proof: index, checkpoint, whether the entry is in it, whether the log's key, or both old and new, signed it."""
    head, note, signatures = text.split("\n\n")
    form, place, *path = [line for line in head.split("\n") if not line.startswith("extra ")]
    (origin, size, top), index = note.split("\n")[:3], int(place[6:])
    *lines, end = [line.split(" ") for line in signatures.split("\n")]
    path, lines = [decode(line) for line in path], [(dash, name, decode(blob)) for dash, name, blob in lines]
    exact = [form, place, size, end] == ["c2sp.org/tlog-proof@v1", f"index {index}", str(int(size)), [""]]
    require(exact and all(len(hash) == 32 for hash in path) and all(dash == "\u2014" for dash, *_ in lines), "this is no tlog-proof")
    included = root(index, int(size), hashlib.sha256(b"\0" + entry).digest(), path) == decode(top)
    found = [(signed(public, note.encode() + b"\n", blob[4:]), int(size) < revoked.get(vkey, int(size) + 1))
             for vkey in vkeys for own, key_id, public in [key(vkey)] for _, name, blob in lines
             if own == name == origin and key_id == blob[:4].hex()]
    return index, note + "\n", included, all(holds for holds, _ in found) and any(good for _, good in found)

def checks(raw, trusted):  # yields the sentence of each step, and whether it holds
    bundle, members = parse(raw.decode()), "format key_events payload policy root_proof salt statement tenant_proof".split()
    require(bundle["format"] == "certnode/bundle/v1" and set(bundle) <= set(members), "this is no receipt bundle")
    entry, events = decode(bundle["statement"]), {"issuing_key": [], "key_revoked": []}
    statement = parse(entry.decode())
    yield "the statement is canonical JSON", canonical(statement) == entry.decode()
    if "payload" in bundle or "salt" in bundle:
        commitment = hashlib.sha256(decode(bundle["salt"]) + canonical(bundle["payload"]).encode()).hexdigest()
        yield "the contents are what was committed to", commitment == statement["payload"]["sha256"]
    for event in bundle["key_events"]:
        require(event["event"] in events and len(event) == 3, "something happened to a key that is not known here")
        events[event["event"]].append((event["from_size"], event["vkey"]))
    issuers, revoked = events["issuing_key"], {vkey: size for size, vkey in sorted(events["key_revoked"], reverse=True)}
    require(issuers[0][0] == 0 and issuers == sorted(dict(issuers).items()), "the issuing keys do not follow one another")
    keys = [line.split(" ")[1] for line in bundle["policy"].split("\n") if line.startswith("log ")]
    index, text, included, by_log = proof(bundle["tenant_proof"], entry, [trusted] if trusted else keys, revoked)
    issuer = [vkey for size, vkey in issuers if size <= index][-1]
    require(key(issuer)[:2] == (statement["log"] + "/issuer", statement["kid"]), "the receipt names another key")
    ends = "".join(f"; it {ref['relation']} {ref['id']}" for ref in statement["refs"] if isinstance(ref, dict))
    signature, unsigned = decode(statement.pop("sig")), b"certnode/receipt/v1\n" + canonical(statement).encode()
    yield "the issuer signed this receipt" + ends, signed(key(issuer)[2], unsigned, signature)
    yield "the issuer's key was not revoked for it", index < revoked.get(issuer, index + 1)
    yield "the log includes this receipt", included
    yield "the log signed its state", by_log and text.split("\n")[0] == statement["log"]
    if "root_proof" in bundle:
        *_, included, by_root = proof(bundle["root_proof"], text.encode(), keys, revoked)
        yield "the root log includes the log's state, and signed its own", included and by_root

if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("file", type=argparse.FileType("rb"))
    options.add_argument("--log", help="the verifier key of the log that you trust")
    given = options.parse_args()
    try:
        for sentence, holds in checks(given.file.read(), given.log):
            require(holds, sentence)
            print("ok   ", sentence)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        sys.exit(f"FAILED {error}")
