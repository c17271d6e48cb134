"""S3: writes events as compressed files of JSON lines, or as Parquet, into a bucket.

Source: Amazon S3's rules for the names of buckets and its service model (PutObject); Segment's
documentation of its S3 storage, for the names of files and the headers `Content-Type: text/plain`
and `Content-Encoding`, and of its data lakes, for the folders of the layout `lake`.
"""

from tailrace.destinations.s3.files import File
from tailrace.destinations.s3.settings import Line, Settings
from tailrace.destinations.s3.writing import DESTINATION, WRITE, put_files

__all__ = ["DESTINATION", "WRITE", "File", "Line", "Settings", "put_files"]
