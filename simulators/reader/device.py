"""A CCID reader with one slot: what it does with messages, a card, and a cable."""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from simulators.reader import exchange
from simulators.reader.blocks import LONGEST, Block, Request, edc
from simulators.reader.ccid import (
    ANSWER,
    EXTENSION,
    FAILED,
    HEADER,
    NOTIFY_SLOT_CHANGE,
    Error,
    Feature,
    Icc,
    In,
    Message,
    Out,
)  # fmt: skip
from simulators.reader.contact import Contact
from simulators.reader.exchange import Answer
from simulators.reader.faults import UsbAccident, UsbFault, UsbScript
from simulators.reader.models import VOLTS, Model
from simulators.reader.parameters import Parameters

_SELECTED = {1: 5.0, 2: 3.0, 3: 1.8}
"""bPowerSelect."""
_OLD = 0x5A
"""What is exclusive-or'ed to a bSeq to make one of long ago."""
_addresses = itertools.count(1)


@dataclass
class Packet:
    """A part of an answer, ready at a time; `taken` is called when the host has it."""

    due: float
    octets: bytes
    taken: Callable[[], None] | None = None


class Device:
    """A reader on the bus. Everything is done under `changed`, which is notified of whatever a host may wait for."""

    def __init__(self, model: Model) -> None:
        self.model, self.changed = model, threading.Condition()
        self.plugged, self.address = True, next(_addresses)
        self.taken_by_others = self.forbidden = False
        """Whether another program holds the interface; whether this user may not open the device."""
        self.script = UsbScript()
        self.bulk_in: deque[Packet] = deque()
        self.interrupts: deque[bytes] = deque()
        self.halted_in = self.halted_out = False
        self._contact: Contact | None = None
        self._leave: Callable[[], None] = _nothing
        self._reset()

    def _reset(self) -> None:
        self.bulk_in.clear()
        self.halted_in = self.halted_out = False
        self._powered, self._parameters = False, Parameters()
        self._came = 0.0
        self._pending: Message | None = None
        self._abort_control: tuple[int, int] | None = None
        self._abort_bulk: Message | None = None
        self._chained = exchange.Chained(self.model.payload)
        if self._contact is not None:
            self._contact.slot.end(seen=False)
            self._contact.power_off()

    # --- what a hand does

    def insert(self, contact: Contact, leave: Callable[[], None] | None = None) -> None:
        """Put a card in; `leave` is called when it goes, by hand or by accident."""
        with self.changed:
            self._contact, self._leave = contact, leave or _nothing
            if self.plugged and Feature.AUTO_ACTIVATE & self.model.features:
                self._activate(0)
            self._notify()

    def pull(self) -> None:
        """Take the card out; a command that was not answered is answered with its absence."""
        with self.changed:
            self._pull()

    def unplug(self) -> None:
        """Take the reader off the bus, with the card in it."""
        with self.changed:
            self._unplug()

    def plug(self) -> None:
        """Put the reader back on the bus, at another address."""
        with self.changed:
            if not self.plugged:
                self.plugged, self.address = True, next(_addresses)
                if self._contact is not None and Feature.AUTO_ACTIVATE & self.model.features:
                    self._activate(0)
                self._notify()

    def fault(self, fault: UsbFault) -> None:
        """Arrange an accident."""
        with self.changed:
            self.script.add(fault)

    def _pull(self) -> None:
        contact, self._contact = self._contact, None
        if contact is None:
            return
        contact.slot.end(seen=False)
        contact.power_off()
        self._powered = False
        if self._pending is not None:
            pending, self._pending = self._pending, None
            self.bulk_in.clear()
            self._put(0, self.failure(pending, Error.MUTE))
        self._notify()
        self._leave()

    def _unplug(self) -> None:
        self.plugged = False
        self._reset()
        self.interrupts.clear()
        self.changed.notify_all()

    def _notify(self) -> None:
        if self.plugged and self.model.interrupt:
            self.interrupts.append(bytes([NOTIFY_SLOT_CHANGE, 0x02 | (self._contact is not None)]))
        self.changed.notify_all()

    # --- what a host does

    def reset(self) -> None:
        """Reset the port: whatever was under way is forgotten, and the card has no power."""
        self._reset()
        self.changed.notify_all()

    def abort(self, slot: int, sequence: int) -> None:
        """Take the control request of an abort (5.3.1)."""
        self._abort_control = slot, sequence
        self._abort()

    def receive(self, raw: bytes) -> None:
        """Take a message from the bulk-out endpoint."""
        if len(raw) < HEADER:
            return
        message = Message(raw[0], raw[5], raw[6], raw[7:10], raw[HEADER:])
        self._came = time.monotonic()
        faults = {fault.do: fault for fault in self.script.due(message.kind)}
        if UsbAccident.HALT_OUT in faults:
            self.halted_out = True
            return
        if message.kind == Out.ABORT:
            self._abort_bulk = message
            self._abort()
            return
        if self._pending is not None and not (self.bulk_in and self.bulk_in[-1].due <= self._came):
            self._put(0, self.failure(message, Error.BUSY))
            return
        self._pending = message
        if UsbAccident.STUCK in faults:
            return
        if failed := faults.get(UsbAccident.FAILED):
            answers = [Answer(self.failure(message, failed.value))]
        elif self._abort_control is not None:
            answers = [Answer(self.failure(message, Error.ABORTED))]
        elif int.from_bytes(raw[1:5], "little") != len(message.data) or len(raw) > self.model.longest:
            answers = [Answer(self.failure(message, Error.BAD_LENGTH))]
        elif message.slot:
            answers = [Answer(self.failure(message, Error.BAD_SLOT))]
        else:
            answers = self._do(message)
        self._send(message, answers, faults)

    def _send(self, message: Message, answers: list[Answer], faults: dict[UsbAccident, UsbFault]) -> None:
        if self._pending is not message:
            return  # the card was pulled by what it was asked, and that has been said
        if UsbAccident.UNPLUG in faults:
            self._unplug()
            return
        if UsbAccident.HALT_IN in faults or UsbAccident.LOST in faults:
            self.halted_in = UsbAccident.HALT_IN in faults
            self._settle(message, answers[-1])
            self.changed.notify_all()
            return
        if UsbAccident.STALE in faults:
            self._put(0, replace(answers[-1].message, sequence=message.sequence ^ _OLD))
        late = faults[UsbAccident.LATE].seconds if UsbAccident.LATE in faults else 0.0
        if extension := faults.get(UsbAccident.EXTENSION):
            for number in range(extension.times):
                self._put(number * extension.seconds, self.extension(message, extension.value))
            late += extension.times * extension.seconds
        for answer in answers:
            bent = answer.message
            if UsbAccident.WRONG_SEQUENCE in faults:
                bent = replace(bent, sequence=bent.sequence ^ _OLD)
            if UsbAccident.WRONG_SLOT in faults:
                bent = replace(bent, slot=bent.slot ^ 1)
            octets = bytes(bent)
            if cut := faults.get(UsbAccident.CUT):
                octets = octets[: max(0, len(octets) - cut.value)]
            self._put(answer.after + late, octets, self._taken(message, answer))

    def _taken(self, message: Message, answer: Answer) -> Callable[[], None]:
        def taken() -> None:
            if not answer.message.specific[0] & EXTENSION:
                self._settle(message, answer)
            if answer.pulled:
                self._pull()

        return taken

    def _settle(self, message: Message, answer: Answer) -> None:
        if self._pending is message:
            self._pending = None
        if self._contact is not None and answer.settled:
            self._contact.slot.end()

    def _put(self, after: float, message: Message | bytes, taken: Callable[[], None] | None = None) -> None:
        """Have an answer ready some seconds after the message came: what the simulation takes is a part of them."""
        octets, size = bytes(message), self.model.packet
        due = self._came + after
        parts = [octets[at : at + size] for at in range(0, len(octets), size)] or [b""]
        if len(parts[-1]) == size and self.model.zero_packet:
            parts.append(b"")
        self.bulk_in.extend(Packet(due, part) for part in parts)
        self.bulk_in[-1].taken = taken
        self.changed.notify_all()

    def _abort(self) -> None:
        """Abort when both halves of the request are there, in whichever order they came (5.3.1)."""
        control, bulk = self._abort_control, self._abort_bulk
        if control is None or bulk is None or control != (bulk.slot, bulk.sequence):
            return
        self._abort_control = self._abort_bulk = self._pending = None
        self.bulk_in.clear()
        self._chained = exchange.Chained(self.model.payload)
        if self._contact is not None:
            self._contact.slot.end(seen=False)
        self._put(0, self.answer(bulk))

    # --- what the messages ask

    def _do(self, message: Message) -> list[Answer]:
        match message.kind:
            case Out.GET_SLOT_STATUS:
                return [Answer(self.answer(message))]
            case Out.ICC_POWER_OFF:
                if self._contact is not None:
                    self._contact.power_off()
                self._powered = False
                return [Answer(self.answer(message))]
            case Out.ICC_POWER_ON:
                return [Answer(self._power_on(message))]
        if message.kind not in (Out.XFR_BLOCK, Out.GET_PARAMETERS, Out.SET_PARAMETERS, Out.RESET_PARAMETERS):
            return [Answer(self.failure(message, Error.UNSUPPORTED))]
        if self._contact is None or not self._powered:
            return [Answer(self.failure(message, Error.MUTE))]
        if message.kind == Out.XFR_BLOCK:
            return self._exchange(message, self._contact)
        return [Answer(self._set_parameters(message, self._contact))]

    def _power_on(self, message: Message) -> Message:
        if self._contact is None:
            return self.failure(message, Error.MUTE)
        select = message.specific[0]
        automatic = select == 0 and self.model.features & Feature.AUTO_VOLTAGE
        if not automatic and not (select and self.model.voltages >> (select - 1) & 1 and select in _SELECTED):
            return self.failure(message, Error.BAD_SPECIFIC)
        try:
            atr = self._activate(select)
        except ValueError:
            return self.failure(message, Error.BAD_ATR)
        if atr is None:
            return self.failure(message, Error.MUTE)
        if not self._supported(self._contact):
            self._powered = False
            self._contact.power_off()
            return self.failure(message, Error.PROTOCOL)
        return self.answer(message, atr)

    def _supported(self, contact: Contact) -> bool:
        return bool(self.model.protocols >> contact.protocol & 1)

    def _activate(self, select: int) -> bytes | None:
        """Power the card, at one voltage or at each until it answers, and do what this reader does by itself then."""
        contact = self._contact
        assert contact is not None
        able = [volts for bit, volts in VOLTS.items() if bit & self.model.voltages]
        atr = next(filter(None, map(contact.power_on, [_SELECTED[select]] if select else able)), None)
        self._powered = atr is not None
        self._chained = exchange.Chained(self.model.payload)
        self._parameters = Parameters()
        if atr is None or not self._supported(contact):
            return atr
        features, levels = self.model.features, Feature.SHORT_APDU | Feature.EXTENDED_APDU
        if features & (Feature.PARAMETERS_BY_ATR | Feature.NEGOTIATION | Feature.PPS | levels):
            self._parameters = Parameters.of(contact.atr)
        if features & (Feature.NEGOTIATION | Feature.PPS) and not contact.atr.specific:
            self._negotiate(contact, contact.atr.fidi)
        if features & Feature.AUTO_IFSD and features & Feature.TPDU and contact.protocol == 1:
            contact.exchange(bytes(Block(Request.IFS, bytes([min(self.model.ifsd, LONGEST)]))))
        return atr

    def _negotiate(self, contact: Contact, fidi: int) -> None:
        """Have PPS with the card."""
        request = bytes([0xFF, 0x10 | self._parameters.protocol, fidi])
        contact.exchange(request + bytes([edc(request)]))
        self._parameters = replace(self._parameters, fidi=contact.fidi)

    def _set_parameters(self, message: Message, contact: Contact) -> Message:
        if message.kind == Out.SET_PARAMETERS:
            if self.model.features & Feature.NEGOTIATION:
                return self.failure(message, Error.UNSUPPORTED)
            try:
                wanted = Parameters.parse(message.specific[0], message.data)
            except ValueError:
                return self.failure(message, Error.BAD_SPECIFIC)
            self._parameters = wanted
            if self.model.features & Feature.PPS and contact.fidi != wanted.fidi:
                self._negotiate(contact, wanted.fidi)
        elif message.kind == Out.RESET_PARAMETERS:
            self._parameters = Parameters()
        return self.answer(message, bytes(self._parameters), self._parameters.protocol)

    def _exchange(self, message: Message, contact: Contact) -> list[Answer]:
        features = self.model.features
        if features & (Feature.SHORT_APDU | Feature.EXTENDED_APDU):
            answers = exchange.apdu(
                self, message, contact, self._chained, extended=bool(features & Feature.EXTENDED_APDU)
            )
        elif features & Feature.TPDU:
            answers = exchange.tpdu(self, message, contact, self._parameters)
        else:
            return [Answer(self.failure(message, Error.UNSUPPORTED))]
        if answers[-1].pulled and not answers[-1].settled:
            self._pull()  # which answers
        return answers

    # --- how answers are made

    @property
    def _icc(self) -> Icc:
        if self._contact is None:
            return Icc.ABSENT
        return Icc.ACTIVE if self._powered else Icc.INACTIVE

    def answer(self, message: Message, data: bytes = b"", last: int = 0) -> Message:
        """Make the answer to a command; `last` is what the kind of message has behind bError."""
        kind = ANSWER.get(Out(message.kind), In.SLOT_STATUS) if message.kind in set(Out) else In.SLOT_STATUS
        if kind is In.SLOT_STATUS and not self._powered:
            last = 1  # bClockStatus: stopped in state L
        return Message(kind, message.slot, message.sequence, bytes([self._icc, 0, last]), data)

    def failure(self, message: Message, error: int) -> Message:
        """Make the answer to a command that failed."""
        made = self.answer(message)
        return replace(made, specific=bytes([FAILED | self._icc, error, made.specific[2]]))

    def extension(self, message: Message, multiplier: int = 1) -> Message:
        """Make a request for more waiting times."""
        return Message(In.DATA_BLOCK, message.slot, message.sequence, bytes([EXTENSION | self._icc, multiplier, 0]))


def _nothing() -> None:
    """Nobody is to be told."""
