"""The protocol's messages, put in the place of those that `tf` brings along.

Whoever imports `tf.schema` or `tf.utils` imports this first: of two descriptions of one message,
protobuf takes only the first.
"""

import sys

from terraform_provider_veeam.plugin import tfplugin6_pb2 as pb

sys.modules["tf.gen.tfplugin_pb2"] = pb

__all__ = ["pb"]
