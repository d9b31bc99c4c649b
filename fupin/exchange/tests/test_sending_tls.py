"""A message over real TLS: a certificate has to be of an authority that the machine trusts, and for this very name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fupin.exchange.addresses import target_of
from fupin.exchange.sending import Outcome, new_secret, send
from fupin.exchange.tests.receiver import Receiver, receiving

HERE = ["127.0.0.0/8"]
Key = ec.EllipticCurvePrivateKey


class Authority:
    """It signs what it is asked to."""

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _named(name)
        basic = x509.BasicConstraints(ca=True, path_length=0)
        self.certificate = self._signed(self.name, self.key, basic, basic)

    def _signed(
        self, name: x509.Name, key: Key, basic: x509.BasicConstraints, more: x509.ExtensionType, ends: int = 1
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(self.name).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(days=9)).not_valid_after(now + timedelta(days=ends))
        made = made.add_extension(basic, critical=True)
        made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        made = made.add_extension(own, critical=False)
        if more is not basic:
            made = made.add_extension(more, critical=False)
        return made.sign(self.key, hashes.SHA256())

    def trusted(self, folder: Path) -> Path:
        path = folder / "authority.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def server(self, folder: Path, name: str | None = None, ends: int = 1) -> Path:
        """Certificate and key of a server at this address, or of the ``name``; ``ends``: in how many days."""
        key = ec.generate_private_key(ec.SECP256R1())
        place = x509.DNSName(name) if name else x509.IPAddress(ip_address("127.0.0.1"))
        made = self._signed(
            _named("receiver"), key, x509.BasicConstraints(ca=False, path_length=None),
            x509.SubjectAlternativeName([place]), ends,
        )  # fmt: skip
        path = folder / "receiver.pem"
        clear = serialization.NoEncryption()
        path.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, clear)
            + made.public_bytes(serialization.Encoding.PEM)
        )
        return path


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The only one that this machine trusts."""
    made = Authority("fupin test authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.trusted(tmp_path)))
    return made


def sent(receiver: Receiver) -> Outcome:
    target = target_of(receiver.url, http=False)
    return send(target, keys=[new_secret()], id_="msg_1", body=b"{}", allowed=HERE, seconds=5.0)


def test_a_receiver_with_a_good_certificate_has_it(authority: Authority, tmp_path: Path) -> None:
    with receiving(authority.server(tmp_path)) as receiver:
        assert (sent(receiver).word, len(receiver.got)) == ("delivered", 1)


def test_another_authoritys_certificate_is_refused_before_anything_is_said(
    authority: Authority, tmp_path: Path
) -> None:
    with receiving(Authority("somebody else").server(tmp_path)) as receiver:
        assert (sent(receiver).word, receiver.got) == ("wrong_certificate", [])


def test_a_certificate_for_another_name_is_refused(authority: Authority, tmp_path: Path) -> None:
    with receiving(authority.server(tmp_path, "elsewhere.example")) as receiver:
        assert (sent(receiver).word, receiver.got) == ("wrong_certificate", [])


def test_a_certificate_that_has_run_out_is_refused(authority: Authority, tmp_path: Path) -> None:
    with receiving(authority.server(tmp_path, ends=-1)) as receiver:
        assert (sent(receiver).word, receiver.got) == ("wrong_certificate", [])
