"""A server for Terraform's plugin protocol 6, on the schema and types of `tf`."""

import sys

from tfplugin.wire import tfplugin6_pb2

# `tf` gets our messages for its own, which are older and refuse a protobuf that is maintained: see
# docs/adr/0001.
sys.modules["tf.gen.tfplugin_pb2"] = tfplugin6_pb2
