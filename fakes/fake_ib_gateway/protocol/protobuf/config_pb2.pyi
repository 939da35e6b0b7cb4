from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ConfigRequest(_message.Message):
    __slots__ = ("request_id",)
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    def __init__(self, request_id: _Optional[int] = ...) -> None: ...

class LockAndExit(_message.Message):
    __slots__ = ("auto_logoff_time", "auto_logoff_period", "auto_logoff_type")
    AUTO_LOGOFF_TIME_FIELD_NUMBER: _ClassVar[int]
    AUTO_LOGOFF_PERIOD_FIELD_NUMBER: _ClassVar[int]
    AUTO_LOGOFF_TYPE_FIELD_NUMBER: _ClassVar[int]
    auto_logoff_time: str
    auto_logoff_period: str
    auto_logoff_type: str
    def __init__(self, auto_logoff_time: _Optional[str] = ..., auto_logoff_period: _Optional[str] = ..., auto_logoff_type: _Optional[str] = ...) -> None: ...

class ApiSettings(_message.Message):
    __slots__ = ("read_only", "download_open_orders_on_connection", "socket_port", "create_api_message_log_file", "logging_level", "master_client_id", "reject_messages_above_max_rate", "allow_localhost_only", "trusted_ips")
    READ_ONLY_FIELD_NUMBER: _ClassVar[int]
    DOWNLOAD_OPEN_ORDERS_ON_CONNECTION_FIELD_NUMBER: _ClassVar[int]
    SOCKET_PORT_FIELD_NUMBER: _ClassVar[int]
    CREATE_API_MESSAGE_LOG_FILE_FIELD_NUMBER: _ClassVar[int]
    LOGGING_LEVEL_FIELD_NUMBER: _ClassVar[int]
    MASTER_CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    REJECT_MESSAGES_ABOVE_MAX_RATE_FIELD_NUMBER: _ClassVar[int]
    ALLOW_LOCALHOST_ONLY_FIELD_NUMBER: _ClassVar[int]
    TRUSTED_IPS_FIELD_NUMBER: _ClassVar[int]
    read_only: bool
    download_open_orders_on_connection: bool
    socket_port: int
    create_api_message_log_file: bool
    logging_level: str
    master_client_id: int
    reject_messages_above_max_rate: bool
    allow_localhost_only: bool
    trusted_ips: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, read_only: bool = ..., download_open_orders_on_connection: bool = ..., socket_port: _Optional[int] = ..., create_api_message_log_file: bool = ..., logging_level: _Optional[str] = ..., master_client_id: _Optional[int] = ..., reject_messages_above_max_rate: bool = ..., allow_localhost_only: bool = ..., trusted_ips: _Optional[_Iterable[str]] = ...) -> None: ...

class ApiConfig(_message.Message):
    __slots__ = ("settings",)
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    settings: ApiSettings
    def __init__(self, settings: _Optional[_Union[ApiSettings, _Mapping]] = ...) -> None: ...

class ConfigResponse(_message.Message):
    __slots__ = ("request_id", "lock_and_exit", "api")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LOCK_AND_EXIT_FIELD_NUMBER: _ClassVar[int]
    API_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    lock_and_exit: LockAndExit
    api: ApiConfig
    def __init__(self, request_id: _Optional[int] = ..., lock_and_exit: _Optional[_Union[LockAndExit, _Mapping]] = ..., api: _Optional[_Union[ApiConfig, _Mapping]] = ...) -> None: ...
