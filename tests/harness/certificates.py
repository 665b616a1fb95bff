"""Certificate authorities and certificates for tests, made with openssl."""

import os
import ssl
import subprocess


class Authority:
    """Signs certificates. Files are NAME.crt and NAME.key in `directory`."""

    def __init__(self, directory, name="ca"):
        self.directory = directory
        self.name = name
        self._request(name, "-x509", "-subj", f"/CN={name}", "-addext", "keyUsage=keyCertSign")

    def path(self, file):
        return os.path.join(self.directory, file)

    def issue(self, name, alt_names):
        """A certificate for names such as "IP:127.0.0.1,DNS:a"."""
        self._request(name, "-x509", "-CA", self.path(f"{self.name}.crt"), "-CAkey", self.path(f"{self.name}.key"),
                      "-subj", f"/CN={name}", "-addext", f"subjectAltName={alt_names}",
                      "-addext", "basicConstraints=critical,CA:FALSE")

    def client_context(self, certificate=None):
        """Trusts this authority, and shows the certificate of that name."""
        context = ssl.create_default_context(cafile=self.path(f"{self.name}.crt"))
        if certificate:
            context.load_cert_chain(self.path(f"{certificate}.crt"), self.path(f"{certificate}.key"))
        return context

    def _request(self, name, *options):
        subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.crt"),
                        *options], check=True, capture_output=True)
