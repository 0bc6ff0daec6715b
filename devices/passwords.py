"""Secrets of devices, and the form in which the broker keeps them: never the secret itself."""

import base64
import hashlib
import secrets

from city.errors import InvalidValue

SECRET_BYTES = 24  # 192 bits, 32 characters of URL-safe base64
_SALT_BYTES = 12

# Mosquitto's own default. Stretching protects guessable passwords; ours are random, 192 bits, and
# the broker pays for each connect: 101 rounds are 0.1 ms, 100,000 would be a stampede's end.
ROUNDS = 101


def new_secret() -> str:
    """A random secret of 192 bits, of characters that need no quoting anywhere."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """The secret's hash in Mosquitto's form ``$7$rounds$salt$key``.

    Source: mosquitto_passwd(1), PBKDF2 with HMAC-SHA-512, salt and 64-byte key in base64.

    Raises:
        InvalidValue: for an empty secret.
    """
    if not secret:
        raise InvalidValue("secret", "", "must not be empty")
    salt = secrets.token_bytes(_SALT_BYTES)
    key = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, ROUNDS)
    return f"$7${ROUNDS}${_base64(salt)}${_base64(key)}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
