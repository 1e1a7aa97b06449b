"""The file `devices` of the state folder, written by the tests' own hand (gateway/rules/device_records.h)."""

import hashlib
import struct

HEAD = b"sallyport-devices\n"


class DeviceTable:
    def __init__(self, version=1):
        self.out = bytearray(HEAD + struct.pack("<I", version))
        self.texts = {}

    def _raw(self, text):
        data = text.encode()
        self.out += struct.pack("<H", len(data)) + data

    def _text(self, text):
        """The first time it stands here, later its number does."""
        is_fresh = text not in self.texts
        number = self.texts.setdefault(text, len(self.texts))
        self.out += struct.pack("<I", number)
        if is_fresh:
            self._raw(text)

    def _refusals(self, count, word, detail, at):
        self.out += struct.pack("<Q", count)
        self._text(word)
        self._text(detail)
        self.out += struct.pack("<q", at if count else 0)

    def add(
        self,
        device,
        last_seen,
        listener="fleet",
        cipher="ECDHE-RSA-AES128-GCM-SHA256",
        serial="0A",
        not_after=None,
        refusals=(0, "", ""),
        claims=(0, "", ""),
        shadow=False,
        refusal=("", ""),
        denial=("", ""),
        use=(1, 0, 0),
    ):
        self.out += b"\x01"
        self._raw(device)
        self.out += struct.pack("<B", 1 | (2 if shadow else 0) | (8 if not_after else 0))
        for text in (listener, "TLSv1.2", cipher):
            self._text(text)
        self.out += struct.pack("<I", 2048)
        self._raw(serial)
        self.out += struct.pack("<q", not_after or 0)
        self._text(refusal[0])
        self._text(refusal[1])
        self.out += struct.pack("<QQQ", 0, 1 if shadow else 0, 1 if denial[0] else 0)
        self._text(denial[0])
        self._text(denial[1])
        self.out += struct.pack("<qq", last_seen - 3600, last_seen)
        self.out += struct.pack("<QQQ", *use)
        self._refusals(*refusals, last_seen)
        self._refusals(*claims, last_seen)
        return self

    def finish(self):
        self.out += b"\x00"
        return bytes(self.out) + hashlib.sha256(self.out).digest()
