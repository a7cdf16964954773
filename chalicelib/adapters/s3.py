"""Two buckets: `data` holds objects that hardly ever change, `uploads` takes callers' files
(SPEC 5.1). Neither keeps versions: what is deleted is gone.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

    from types_boto3_s3.type_defs import (
        CompletedPartTypeDef,
        ObjectIdentifierTypeDef,
        PartTypeDef,
    )

    from chalicelib.adapters.aws import Clients

URL_SECONDS: Final = 3600
# What is fetched at once: long enough to begin, and the address itself is the permission.
DOWNLOAD_SECONDS: Final = 300
MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})
PIECE_BYTES: Final = 1024 * 1024
DELETED_AT_ONCE: Final = 1000  # S3 lists and deletes no more than this in a request


class NotDeleted(RuntimeError):
    """S3 left some of them; deleting may be repeated."""

    def __init__(self, number: int, codes: list[str]) -> None:
        super().__init__(f"{number} objects could not be deleted: {', '.join(codes)}.")


class S3Blobs:
    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def get(self, key: str) -> bytes:
        client = self._clients.s3()
        try:
            answer = client.get_object(Bucket=self._bucket, Key=key)
        except client.exceptions.NoSuchKey as error:
            raise NotFound(f"object as {key}") from error
        with closing(answer["Body"]) as body:
            return body.read()

    def get_range(self, key: str, begin: int, length: int) -> bytes:
        client = self._clients.s3()
        wanted = f"bytes={begin}-{begin + length - 1}"
        try:
            answer = client.get_object(Bucket=self._bucket, Key=key, Range=wanted)
        except client.exceptions.NoSuchKey as error:
            raise NotFound(f"object as {key}") from error
        except client.exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") == "InvalidRange":
                return b""
            raise
        with closing(answer["Body"]) as body:
            return body.read()

    def put(self, key: str, data: bytes) -> None:
        self._clients.s3().put_object(Bucket=self._bucket, Key=key, Body=data)

    def put_file(self, key: str, file: BinaryIO) -> None:
        self._clients.s3().put_object(Bucket=self._bucket, Key=key, Body=file)

    def delete(self, key: str) -> None:
        self._clients.s3().delete_object(Bucket=self._bucket, Key=key)

    def delete_all(self, prefix: str) -> None:
        client = self._clients.s3()
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, PaginationConfig={"PageSize": DELETED_AT_ONCE}
        )
        for page in pages:
            there: list[ObjectIdentifierTypeDef] = [
                {"Key": each["Key"]} for each in page.get("Contents", ())
            ]
            if not there:
                continue
            answer = client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": there, "Quiet": True}
            )
            if answer.get("Errors"):
                codes = sorted({each.get("Code", "") for each in answer["Errors"]})
                raise NotDeleted(len(answer["Errors"]), codes)


class S3Downloads:
    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def address(self, key: str, name: str) -> str:
        if not _is_there(self._clients, self._bucket, key):
            raise NotFound(f"object as {key}")
        return self._clients.s3().generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{name}"',
                "ResponseContentType": "application/gzip",
            },
            ExpiresIn=DOWNLOAD_SECONDS,
        )


class S3Uploads:
    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def begin(self, key: str) -> str:
        answer = self._clients.s3().create_multipart_upload(Bucket=self._bucket, Key=key)
        return answer["UploadId"]

    def part_urls(self, key: str, upload: str, lengths: Mapping[int, int]) -> dict[int, str]:
        return {number: self._url(key, upload, number, lengths[number]) for number in lengths}

    def parts(self, key: str, upload: str) -> dict[int, int]:
        return {part["PartNumber"]: part["Size"] for part in self._parts(key, upload)}

    def is_there(self, key: str) -> bool:
        return _is_there(self._clients, self._bucket, key)

    def complete(self, key: str, upload: str) -> None:
        client = self._clients.s3()
        try:
            parts: list[CompletedPartTypeDef] = [
                {"ETag": part["ETag"], "PartNumber": part["PartNumber"]}
                for part in self._parts(key, upload)
            ]
            client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                MultipartUpload={"Parts": parts},
            )
        except (NotFound, client.exceptions.NoSuchUpload):
            # An earlier try did it and its answer was lost.
            return

    def abort(self, key: str, upload: str) -> None:
        client = self._clients.s3()
        try:
            client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)
        except client.exceptions.NoSuchUpload:
            return

    def read(self, key: str) -> Iterator[bytes]:
        client = self._clients.s3()
        try:
            answer = client.get_object(Bucket=self._bucket, Key=key)
        except client.exceptions.NoSuchKey as error:
            raise NotFound("uploaded file") from error
        with closing(answer["Body"]) as body:
            yield from body.iter_chunks(PIECE_BYTES)

    def discard(self, key: str) -> None:
        self._clients.s3().delete_object(Bucket=self._bucket, Key=key)

    def _url(self, key: str, upload: str, number: int, length: int) -> str:
        # The length becomes a signed header: S3 refuses a body that is longer or shorter.
        return self._clients.s3().generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "UploadId": upload,
                "PartNumber": number,
                "ContentLength": length,
            },
            ExpiresIn=URL_SECONDS,
        )

    def _parts(self, key: str, upload: str) -> Iterator[PartTypeDef]:
        client = self._clients.s3()
        pages = client.get_paginator("list_parts").paginate(
            Bucket=self._bucket, Key=key, UploadId=upload
        )
        try:
            for page in pages:
                yield from page.get("Parts", ())
        except client.exceptions.NoSuchUpload as error:
            raise NotFound("upload") from error


def _is_there(clients: Clients, bucket: str, key: str) -> bool:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - with boto3

    try:
        clients.s3().head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            return False
        raise
    return True
