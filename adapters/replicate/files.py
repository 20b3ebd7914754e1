"""How files get to Replicate: small ones stand in the body as data URIs, others are uploaded.

Page: replicate.com/docs, Input files.
"""

from anymedia.declare import Endpoint, Step, Upload

FORMS = ("url", "data", "upload")
INLINE = 0.25  # "below 256 KB"

UPLOAD = Upload(
    Step(
        call=Endpoint(method="POST", path="/v1/files", body="form"),
        sends={"content": "{file}"},
        finds={"url": "urls.get", "until": "expires_at!iso"},
    ),
    expires="until",
    megabytes=100,
)
