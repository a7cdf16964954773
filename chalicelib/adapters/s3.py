"""Two buckets: `data` holds immutable objects, `uploads` takes callers' files (SPEC 5.1)."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import NotFound
from chalicelib.usecases.ports import StoredUpload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from types_boto3_s3.type_defs import CompletedPartTypeDef, PartTypeDef

    from chalicelib.adapters.aws import Clients

URL_SECONDS: Final = 3600
PIECE_BYTES: Final = 1024 * 1024


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

    def put(self, key: str, data: bytes) -> None:
        self._clients.s3().put_object(Bucket=self._bucket, Key=key, Body=data)

    def delete(self, key: str) -> None:
        self._clients.s3().delete_object(Bucket=self._bucket, Key=key)


class S3Uploads:
    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def begin(self, key: str) -> str:
        answer = self._clients.s3().create_multipart_upload(Bucket=self._bucket, Key=key)
        return answer["UploadId"]

    def part_urls(self, key: str, upload: str, lengths: Mapping[int, int]) -> dict[int, str]:
        return {number: self._url(key, upload, number, lengths[number]) for number in lengths}

    def stored(self, key: str, upload: str) -> StoredUpload:
        sizes = [part["Size"] for part in self._parts(key, upload)]
        return StoredUpload(size=sum(sizes), parts=len(sizes))

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
