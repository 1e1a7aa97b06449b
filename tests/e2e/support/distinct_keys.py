"""Requests for certificates with keys of their own, by the hundred."""

import itertools

from cryptography import x509
from cryptography.hazmat.backends.openssl.backend import backend
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SPKI = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


class DistinctKeys:
    """RSA keys by the hundred: each pair of some primes is one, and making primes is what takes the time."""

    def __init__(self):
        backend._rsa_skip_check_key = True  # which takes as long as to make a key
        self.primes = []
        self.pairs = iter(())

    def more_primes(self):
        fresh = []
        for _ in range(10):
            numbers = rsa.generate_private_key(65537, 2048).private_numbers()
            fresh += [numbers.p, numbers.q]
        pairs = [*itertools.product(self.primes, fresh), *itertools.combinations(fresh, 2)]
        self.primes += fresh
        self.pairs = iter(pairs)

    def next(self):
        pair = next(self.pairs, None)
        while pair is None:
            self.more_primes()
            pair = next(self.pairs, None)
        p, q = max(pair), min(pair)
        d = pow(65537, -1, (p - 1) * (q - 1))
        public = rsa.RSAPublicNumbers(65537, p * q)
        numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
        return numbers.private_key()

    def request(self):
        """(PEM, public key)"""
        key = self.next()
        csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
        return csr.public_bytes(serialization.Encoding.PEM), key.public_key().public_bytes(*SPKI)
