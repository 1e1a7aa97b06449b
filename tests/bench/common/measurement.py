"""What measurements of whole processes begin with: a PKI, and the store behind every server."""

from companions import ObjectStore
from setting import Pki


class Measurement:
    """Its parts are methods. What `stack` is told ends with the measurement."""

    def __init__(self, options, folder, stack, reason=None, store=ObjectStore):
        self.options = options
        self.folder = folder
        self.stack = stack
        self.pki = Pki(folder / "pki", reason)
        self.store = store()
        stack.callback(self.store.stop)
