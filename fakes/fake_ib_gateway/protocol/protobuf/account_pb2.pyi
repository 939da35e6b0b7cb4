from fake_ib_gateway.protocol.protobuf import contract_pb2 as _contract_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Position(_message.Message):
    __slots__ = ("account", "contract", "quantity", "average_cost")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_COST_FIELD_NUMBER: _ClassVar[int]
    account: str
    contract: _contract_pb2.Contract
    quantity: str
    average_cost: float
    def __init__(self, account: _Optional[str] = ..., contract: _Optional[_Union[_contract_pb2.Contract, _Mapping]] = ..., quantity: _Optional[str] = ..., average_cost: _Optional[float] = ...) -> None: ...

class PositionsMultiRequest(_message.Message):
    __slots__ = ("request_id", "account", "model")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    account: str
    model: str
    def __init__(self, request_id: _Optional[int] = ..., account: _Optional[str] = ..., model: _Optional[str] = ...) -> None: ...

class PositionMulti(_message.Message):
    __slots__ = ("request_id", "account", "contract", "quantity", "average_cost", "model")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_COST_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    account: str
    contract: _contract_pb2.Contract
    quantity: str
    average_cost: float
    model: str
    def __init__(self, request_id: _Optional[int] = ..., account: _Optional[str] = ..., contract: _Optional[_Union[_contract_pb2.Contract, _Mapping]] = ..., quantity: _Optional[str] = ..., average_cost: _Optional[float] = ..., model: _Optional[str] = ...) -> None: ...

class AccountDataRequest(_message.Message):
    __slots__ = ("subscribe", "account")
    SUBSCRIBE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    subscribe: bool
    account: str
    def __init__(self, subscribe: bool = ..., account: _Optional[str] = ...) -> None: ...

class AccountValue(_message.Message):
    __slots__ = ("key", "value", "currency", "account")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    currency: str
    account: str
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ..., currency: _Optional[str] = ..., account: _Optional[str] = ...) -> None: ...

class PortfolioValue(_message.Message):
    __slots__ = ("contract", "quantity", "market_price", "market_value", "average_cost", "unrealized", "realized", "account")
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    MARKET_PRICE_FIELD_NUMBER: _ClassVar[int]
    MARKET_VALUE_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_COST_FIELD_NUMBER: _ClassVar[int]
    UNREALIZED_FIELD_NUMBER: _ClassVar[int]
    REALIZED_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    contract: _contract_pb2.Contract
    quantity: str
    market_price: float
    market_value: float
    average_cost: float
    unrealized: float
    realized: float
    account: str
    def __init__(self, contract: _Optional[_Union[_contract_pb2.Contract, _Mapping]] = ..., quantity: _Optional[str] = ..., market_price: _Optional[float] = ..., market_value: _Optional[float] = ..., average_cost: _Optional[float] = ..., unrealized: _Optional[float] = ..., realized: _Optional[float] = ..., account: _Optional[str] = ...) -> None: ...

class AccountUpdateTime(_message.Message):
    __slots__ = ("time",)
    TIME_FIELD_NUMBER: _ClassVar[int]
    time: str
    def __init__(self, time: _Optional[str] = ...) -> None: ...

class AccountDataEnd(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: str
    def __init__(self, account: _Optional[str] = ...) -> None: ...

class AccountSummaryRequest(_message.Message):
    __slots__ = ("request_id", "group", "tags")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    group: str
    tags: str
    def __init__(self, request_id: _Optional[int] = ..., group: _Optional[str] = ..., tags: _Optional[str] = ...) -> None: ...

class AccountSummary(_message.Message):
    __slots__ = ("request_id", "account", "tag", "value", "currency")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    account: str
    tag: str
    value: str
    currency: str
    def __init__(self, request_id: _Optional[int] = ..., account: _Optional[str] = ..., tag: _Optional[str] = ..., value: _Optional[str] = ..., currency: _Optional[str] = ...) -> None: ...

class AccountUpdatesMultiRequest(_message.Message):
    __slots__ = ("request_id", "account", "model", "ledger")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    LEDGER_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    account: str
    model: str
    ledger: bool
    def __init__(self, request_id: _Optional[int] = ..., account: _Optional[str] = ..., model: _Optional[str] = ..., ledger: bool = ...) -> None: ...

class AccountUpdateMulti(_message.Message):
    __slots__ = ("request_id", "account", "model", "key", "value", "currency")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    account: str
    model: str
    key: str
    value: str
    currency: str
    def __init__(self, request_id: _Optional[int] = ..., account: _Optional[str] = ..., model: _Optional[str] = ..., key: _Optional[str] = ..., value: _Optional[str] = ..., currency: _Optional[str] = ...) -> None: ...
