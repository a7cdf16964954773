"""boto3's clients: each made on first use, one a process, with bounded waiting.

The endpoint is the SDK's own affair (AWS_ENDPOINT_URL). boto3 is imported with the first client: a
cold start that needs none does not pay for it.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config
    from types_boto3_kms import KMSClient
    from types_boto3_s3 import S3Client
    from types_boto3_sesv2 import SESV2Client
    from types_boto3_sqs import SQSClient
    from types_boto3_stepfunctions import SFNClient

    from chalicelib.adapters.secrets import SecretsClient

CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 5
# A body of a gigabyte comes in pieces; each of them may take this long.
S3_READ_SECONDS: Final = 20
# Where a request waits for an object of some kilobytes, nobody waits that long.
BRIEF_READ_SECONDS: Final = 3
BRIEF_ATTEMPTS: Final = 2
ATTEMPTS: Final = 4
POOL: Final = 32


class Clients:
    """`path_style` puts a bucket into the path: locally no DNS knows buckets' host names."""

    def __init__(self, *, path_style: bool) -> None:
        self._path_style = path_style
        # A session is not to be used by several threads at once; the clients it makes are.
        self._lock = Lock()
        self._session: Session | None = None
        self._s3: S3Client | None = None
        self._brief_s3: S3Client | None = None
        self._kms: KMSClient | None = None
        self._states: SFNClient | None = None
        self._secrets: SecretsClient | None = None
        self._sqs: SQSClient | None = None
        self._ses: SESV2Client | None = None

    def s3(self) -> S3Client:
        with self._lock:
            if self._s3 is None:
                self._s3 = self._made_session().client("s3", config=s3_config(self._path_style))
            return self._s3

    def brief_s3(self) -> S3Client:
        """For small objects; it gives up while the request that waits can still be answered."""
        with self._lock:
            if self._brief_s3 is None:
                config = s3_config(self._path_style).merge(brief_config())
                self._brief_s3 = self._made_session().client("s3", config=config)
            return self._brief_s3

    def kms(self) -> KMSClient:
        with self._lock:
            if self._kms is None:
                self._kms = self._made_session().client("kms", config=plain_config())
            return self._kms

    def step_functions(self) -> SFNClient:
        with self._lock:
            if self._states is None:
                self._states = self._made_session().client("stepfunctions", config=plain_config())
            return self._states

    def secrets_manager(self) -> SecretsClient:
        with self._lock:
            if self._secrets is None:
                self._secrets = self._made_session().client("secretsmanager", config=plain_config())
            return self._secrets

    def sqs(self) -> SQSClient:
        with self._lock:
            if self._sqs is None:
                self._sqs = self._made_session().client("sqs", config=plain_config())
            return self._sqs

    def ses(self) -> SESV2Client:
        with self._lock:
            if self._ses is None:
                self._ses = self._made_session().client("sesv2", config=plain_config())
            return self._ses

    def _made_session(self) -> Session:
        if self._session is None:
            from boto3.session import Session  # noqa: PLC0415 - only where a client is needed

            self._session = Session()
        return self._session


def plain_config() -> Config:
    from botocore.config import Config  # noqa: PLC0415 - likewise

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=POOL,
    )


def brief_config() -> Config:
    from botocore.config import Config  # noqa: PLC0415 - likewise

    return Config(
        read_timeout=BRIEF_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": BRIEF_ATTEMPTS},
    )


def s3_config(path_style: bool) -> Config:  # noqa: FBT001 - the one thing that varies
    from botocore.config import Config  # noqa: PLC0415 - likewise

    return plain_config().merge(
        Config(
            read_timeout=S3_READ_SECONDS,
            signature_version="s3v4",
            s3={"addressing_style": "path" if path_style else "virtual"},
            # A presigned part would have to carry a checksum that its sender cannot know of.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
    )
