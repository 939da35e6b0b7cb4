"""The Monitor as a service: a systemd unit, a Windows task, a container beside the gateway's."""
