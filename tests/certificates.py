"""A certificate authority for the tests: any name, any validity, keys with a password."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from dicom_node.domain.peer import TlsFiles


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Authority:
    """Signs certificates; its own is what others trust."""

    def __init__(self, folder: Path, name: str = "hospital") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._key, self._name = ec.generate_private_key(ec.SECP256R1()), _named(name)
        builder = self._builder(name, self._key, days=3650).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.certificate = folder / f"{name}-ca.pem"
        self.certificate.write_bytes(
            builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        )

    def issue(
        self,
        name: str,
        *,
        days: float = 365,
        password: str | None = None,
        trusted: Path | None = None,
        stem: str | None = None,
    ) -> TlsFiles:
        """Files of a peer on 127.0.0.1, valid for `days`; negative: its validity has ended."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))]
        signed = (
            self._builder(name, key, days=days)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        stem = stem or name
        certificate, private = self.folder / f"{stem}.pem", self.folder / f"{stem}.key"
        certificate.write_bytes(signed.public_bytes(Encoding.PEM))
        locked = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
        password_file = None
        if password:
            password_file = self.folder / f"{stem}.password"
            password_file.write_text(password + "\n")
        return TlsFiles(
            certificate=certificate,
            private_key=private,
            trusted=trusted or self.certificate,
            password_file=password_file,
        )

    def _builder(
        self, name: str, key: ec.EllipticCurvePrivateKey, *, days: float
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        ends = now + timedelta(days=days)
        return (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, ends) - timedelta(days=1))
            .not_valid_after(ends)
        )
