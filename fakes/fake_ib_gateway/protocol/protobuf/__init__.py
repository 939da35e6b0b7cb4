"""The protobuf messages of the protocol, as far as the fake speaks them.

The field numbers are the protocol's; names and files are this project's. Only the numbers travel,
and a package of its own keeps these classes apart from a client's in the same process.
`python -m fake_ib_gateway.protocol.protobuf` writes the modules anew after a change.
"""
