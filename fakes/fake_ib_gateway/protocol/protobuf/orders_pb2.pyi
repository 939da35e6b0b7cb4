from fake_ib_gateway.protocol.protobuf import contract_pb2 as _contract_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AutoOpenOrdersRequest(_message.Message):
    __slots__ = ("bind",)
    BIND_FIELD_NUMBER: _ClassVar[int]
    bind: bool
    def __init__(self, bind: bool = ...) -> None: ...

class CompletedOrdersRequest(_message.Message):
    __slots__ = ("api_only",)
    API_ONLY_FIELD_NUMBER: _ClassVar[int]
    api_only: bool
    def __init__(self, api_only: bool = ...) -> None: ...

class ExecutionFilter(_message.Message):
    __slots__ = ("client_id", "account", "time", "symbol", "sec_type", "exchange", "side")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SEC_TYPE_FIELD_NUMBER: _ClassVar[int]
    EXCHANGE_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    client_id: int
    account: str
    time: str
    symbol: str
    sec_type: str
    exchange: str
    side: str
    def __init__(self, client_id: _Optional[int] = ..., account: _Optional[str] = ..., time: _Optional[str] = ..., symbol: _Optional[str] = ..., sec_type: _Optional[str] = ..., exchange: _Optional[str] = ..., side: _Optional[str] = ...) -> None: ...

class ExecutionRequest(_message.Message):
    __slots__ = ("request_id", "filter")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    filter: ExecutionFilter
    def __init__(self, request_id: _Optional[int] = ..., filter: _Optional[_Union[ExecutionFilter, _Mapping]] = ...) -> None: ...

class MarketDataTypeRequest(_message.Message):
    __slots__ = ("type",)
    TYPE_FIELD_NUMBER: _ClassVar[int]
    type: int
    def __init__(self, type: _Optional[int] = ...) -> None: ...

class Order(_message.Message):
    __slots__ = ("client_id", "order_id", "perm_id", "action", "quantity", "order_type", "limit_price", "time_in_force", "account")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    PERM_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    ORDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    TIME_IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    client_id: int
    order_id: int
    perm_id: int
    action: str
    quantity: str
    order_type: str
    limit_price: float
    time_in_force: str
    account: str
    def __init__(self, client_id: _Optional[int] = ..., order_id: _Optional[int] = ..., perm_id: _Optional[int] = ..., action: _Optional[str] = ..., quantity: _Optional[str] = ..., order_type: _Optional[str] = ..., limit_price: _Optional[float] = ..., time_in_force: _Optional[str] = ..., account: _Optional[str] = ...) -> None: ...

class OrderState(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: str
    def __init__(self, status: _Optional[str] = ...) -> None: ...

class OpenOrder(_message.Message):
    __slots__ = ("order_id", "contract", "order", "state")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    contract: _contract_pb2.Contract
    order: Order
    state: OrderState
    def __init__(self, order_id: _Optional[int] = ..., contract: _Optional[_Union[_contract_pb2.Contract, _Mapping]] = ..., order: _Optional[_Union[Order, _Mapping]] = ..., state: _Optional[_Union[OrderState, _Mapping]] = ...) -> None: ...

class OrderStatus(_message.Message):
    __slots__ = ("order_id", "status", "filled", "remaining", "average_price", "perm_id", "parent_id", "last_price", "client_id", "why_held", "market_cap_price")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FILLED_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_PRICE_FIELD_NUMBER: _ClassVar[int]
    PERM_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_PRICE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    WHY_HELD_FIELD_NUMBER: _ClassVar[int]
    MARKET_CAP_PRICE_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    status: str
    filled: str
    remaining: str
    average_price: float
    perm_id: int
    parent_id: int
    last_price: float
    client_id: int
    why_held: str
    market_cap_price: float
    def __init__(self, order_id: _Optional[int] = ..., status: _Optional[str] = ..., filled: _Optional[str] = ..., remaining: _Optional[str] = ..., average_price: _Optional[float] = ..., perm_id: _Optional[int] = ..., parent_id: _Optional[int] = ..., last_price: _Optional[float] = ..., client_id: _Optional[int] = ..., why_held: _Optional[str] = ..., market_cap_price: _Optional[float] = ...) -> None: ...
