"""A real S3 on this machine (moto's server), and what lies in its buckets, for any room."""

import logging
import threading
import uuid
from contextlib import contextmanager

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

KEY_ID, SECRET = "AKIAPLANTED5F0C1D", "planted-secret-of-storage-9b1e"
"""The keys of the storage; the second may stand nowhere."""


class Bucket:
    """A bucket of its own: `url` and `options` for anymedia, and what a program of the store's own sees of it."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.name = f"bucket-{uuid.uuid4().hex[:12]}"
        self.url = f"s3://{self.name}"
        self.options = {"endpoint": endpoint, "region": "us-east-1"}
        self.client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )
        self.client.create_bucket(Bucket=self.name)

    def table(self, prefix="", **changes):
        """Return [storage] as it would stand in anymedia.toml."""
        return {"url": self.url + prefix, "options": self.options, **changes}

    def keys(self):
        return sorted(each["Key"] for each in self.client.list_objects_v2(Bucket=self.name).get("Contents", ()))

    def read(self, key):
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def media_type(self, key):
        return self.client.head_object(Bucket=self.name, Key=key)["ContentType"]

    def unfinished(self):
        """Return the uploads that were begun and neither ended nor given up."""
        return self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])


@contextmanager
def s3_server():
    """Serve S3 on a free port of this machine, in a thread, and yield its origin."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # which tells every request
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
