from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Contract(_message.Message):
    __slots__ = ("con_id", "symbol", "sec_type", "expiry", "strike", "right", "multiplier", "exchange", "primary_exchange", "currency", "local_symbol", "trading_class")
    CON_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SEC_TYPE_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_FIELD_NUMBER: _ClassVar[int]
    STRIKE_FIELD_NUMBER: _ClassVar[int]
    RIGHT_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    EXCHANGE_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_EXCHANGE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    LOCAL_SYMBOL_FIELD_NUMBER: _ClassVar[int]
    TRADING_CLASS_FIELD_NUMBER: _ClassVar[int]
    con_id: int
    symbol: str
    sec_type: str
    expiry: str
    strike: float
    right: str
    multiplier: float
    exchange: str
    primary_exchange: str
    currency: str
    local_symbol: str
    trading_class: str
    def __init__(self, con_id: _Optional[int] = ..., symbol: _Optional[str] = ..., sec_type: _Optional[str] = ..., expiry: _Optional[str] = ..., strike: _Optional[float] = ..., right: _Optional[str] = ..., multiplier: _Optional[float] = ..., exchange: _Optional[str] = ..., primary_exchange: _Optional[str] = ..., currency: _Optional[str] = ..., local_symbol: _Optional[str] = ..., trading_class: _Optional[str] = ...) -> None: ...
