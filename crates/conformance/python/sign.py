"""Signs a webhook body as Telnyx does, with an Ed25519 implementation from elsewhere (libsodium's).

Usage: sign.py BODY_FILE TIMESTAMP

Prints JSON with `publicKey` and `signature`, both base64. The key is new each time.
"""

import base64
import json
import sys
from pathlib import Path

from nacl.signing import SigningKey


def main(body_file, timestamp):
    key = SigningKey.generate()
    signature = key.sign(f"{timestamp}|".encode() + Path(body_file).read_bytes()).signature
    print(json.dumps({name: base64.b64encode(value).decode() for name, value in
                      (("publicKey", bytes(key.verify_key)), ("signature", signature))}))


main(*sys.argv[1:])
